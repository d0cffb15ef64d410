/** An API over records that a test changes between two runs over it. */
import { expect } from 'vitest';
import { type JsonRecord, json } from './apis/contract.js';
import { plainApi } from './apis/plain-api.js';
import { queryInteger } from './apis/requests.js';
import { untilDisconnected } from './ingest-check.js';
import { breaking, type Exit, type IngestProcess } from './ingest-process.js';
import type { SourceAddress, SourceParts, SourceRuns, TestSource } from './source-runs.js';

const PAGE = 5;
/** Records unless a test says otherwise. */
export const COUNT = 40;

export function version(name: string, count: number): JsonRecord[] {
  return Array.from({ length: count }, (_, id) => ({ id, name }));
}

export const dispositionParts = (disposition: string, resource: object = {}): SourceParts => ({
  paginator: { type: 'offset', limit: PAGE },
  endpoint: { data_selector: 'items' },
  resource: { write_disposition: disposition, ...resource },
});

export class LaterRuns {
  readonly #runs: SourceRuns;

  constructor(runs: SourceRuns) {
    this.#runs = runs;
  }

  /** Its records are in `records.all`, paged by offset. */
  async shelf(size: number = COUNT) {
    const records = { all: version('first', size) };
    const api = await this.#runs.apis.start(
      plainApi<never>({
        ...{ options: { limit: null }, streams: {}, method: 'GET', path: '/items' },
        answer(request) {
          const offset = queryInteger(request, 'offset', 0);
          const items = records.all.slice(offset, offset + PAGE);
          return json(200, { items, total: records.all.length });
        },
      }),
    );
    return { api, records };
  }

  /** A new run over the stream. */
  again(
    source: TestSource,
    address: SourceAddress,
    nodeFlags: readonly string[] = [],
  ): IngestProcess {
    const args = ['ingest', '--source', source.path, '--restart', '--json'];
    return this.#runs.folder.start(args, this.#runs.env(source, address), nodeFlags);
  }

  async drainedAgain(source: TestSource, address: SourceAddress): Promise<Exit> {
    const exit = await this.again(source, address).end();
    expect(exit.code, exit.stdout + exit.stderr.slice(-3_000)).toBe(0);
    return exit;
  }

  async killedAgain(source: TestSource, address: SourceAddress, commits: number): Promise<void> {
    const flags = breaking(`kill=in:committed:${commits}`);
    const killed = await this.again(source, address, flags).end();
    expect(killed.signal).toBe('SIGKILL');
    await untilDisconnected(this.#runs.database.pool);
  }

  async namesIn(table: string): Promise<string[]> {
    const { rows } = await this.#runs.database.pool.query<{ name: string }>(
      `SELECT DISTINCT data ->> 'name' AS name FROM ${table} ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  }

  verify(source: TestSource, address: SourceAddress, run: number): Promise<Exit> {
    const args = ['verify', '--source', source.path, '--run', String(run), '--json'];
    return this.#runs.folder.run(args, this.#runs.env(source, address));
  }
}
