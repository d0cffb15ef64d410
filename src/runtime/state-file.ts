/**
 * The state file: a readable copy of where the run stands. The database wins where they differ, so
 * that a lost, old or damaged file costs nothing.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The seed's form, plus the segments. */
export interface RunState {
  readonly cursor: string | null;
  readonly cursorCreatedAt: string | null;
  readonly eventsIngested: number;
  readonly rateLimitRemaining: number | null;
  readonly rateLimitResetAt: string | null;
  readonly lastUpdated: string;
  readonly status: string;
  readonly segments: readonly {
    readonly segment: number;
    readonly after: string | null;
    readonly bound: string | null;
  }[];
}

/** Writes whole or not at all: temporary file, fsync, rename. @throws the system's error */
export async function writeStateFile(path: string, state: RunState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(state, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
