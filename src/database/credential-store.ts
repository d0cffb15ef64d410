/** The newest refresh token of a source that uses OAuth 2: it is in this table, and nowhere else. */
import type { Pool } from 'pg';
import { asIngestionError } from './connect.js';

/** Both functions throw an IngestionError with the fault of the database when they fail. */
export interface CredentialStore {
  /** Null: none was kept. */
  load(): Promise<string | null>;
  save(refreshToken: string): Promise<void>;
}

const LOAD = `
  SELECT refresh_token AS "refreshToken" FROM ingestion_credentials
  WHERE source = $1 AND client_id = $2`;

// The later statement wins, whatever the clock says: an older token may be good for nothing.
const SAVE = `
  INSERT INTO ingestion_credentials (source, client_id, refresh_token) VALUES ($1, $2, $3)
  ON CONFLICT (source, client_id) DO UPDATE
  SET refresh_token = excluded.refresh_token, written_at = excluded.written_at`;

/** Of one source, by its name, and one client of it. */
export function openCredentialStore(
  pool: Pool,
  { source, clientId }: { readonly source: string; readonly clientId: string },
): CredentialStore {
  return {
    async load() {
      const { rows } = await pool
        .query<{ refreshToken: string }>(LOAD, [source, clientId])
        .catch(fail);
      return rows[0]?.refreshToken ?? null;
    },
    async save(refreshToken) {
      await pool.query(SAVE, [source, clientId, refreshToken]).catch(fail);
    },
  };
}

function fail(error: unknown): never {
  throw asIngestionError(error);
}
