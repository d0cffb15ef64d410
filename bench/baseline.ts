/**
 * A0: what PostgreSQL alone can take. The rows of a walk, from a text file that was made before, by
 * `psql \copy` over one connection into the very table that the program fills; where psql is
 * missing, by a COPY of our own over the same protocol.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { columnViews } from '../src/protocol/batch.js';
import { uuidText } from '../workers/fetch/uuid.js';
import { BenchError } from './bench-error.js';
import { CopyFromFile } from './copy-from-file.js';
import type { BenchDatabase } from './database.js';
import { forEachPage, type ReadPage } from './pages.js';
import { plainEnvironment } from './processes.js';

const PAGE_LIMIT = 5_000;
const COPY = 'COPY ingested_events (id, occurred_at, data) FROM STDIN';
/** psql with `\timing` says how long a command took: its own start does not count. */
const PSQL_TIME = /^Time: ([\d.]+) ms/m;

export interface Baseline {
  readonly events: number;
  readonly means: 'psql' | 'own COPY';
  /** Loads the rows into the emptied table. */
  measure(database: BenchDatabase): Promise<BaselineRun>;
}

export interface BaselineRun {
  readonly durationMs: number;
  readonly eventsPerSecond: number;
  readonly postgresCpuMs: number | null;
}

/** Writes the rows' text file. @param folder holds it, under a name of its own */
export async function prepareBaseline(events: number, folder: string): Promise<Baseline> {
  const path = join(folder, `rows-${events}.copy`);
  const file = createWriteStream(path);
  await forEachPage({ events, limit: PAGE_LIMIT }, async (page) => {
    if (!file.write(copyText(page))) await once(file, 'drain');
  });
  file.end();
  await once(file, 'close');
  const hasPsql = spawnSync('psql', ['--version']).status === 0;
  return {
    events,
    means: hasPsql ? 'psql' : 'own COPY',
    async measure(database) {
      await database.reset();
      const cpuBeforeMs = database.cpuMs();
      const durationMs = hasPsql ? await copyByPsql(database, path) : await copy(database, path);
      const cpuAfterMs = database.cpuMs();
      await expectRows(database, events);
      return {
        durationMs,
        eventsPerSecond: (events * 1000) / durationMs,
        postgresCpuMs:
          cpuBeforeMs === null || cpuAfterMs === null ? null : cpuAfterMs - cpuBeforeMs,
      };
    },
  };
}

/** The rows of a page in COPY's text form. */
export function copyText({ body, proved }: ReadPage): string {
  const views = columnViews(proved.columns);
  let text = '';
  for (let row = 0; row < proved.rowCount; row++) {
    const ms = views.occurredAtMs[row] as number;
    const instant = Number.isNaN(ms) ? '\\N' : new Date(ms).toISOString();
    const record = body.toString('utf8', views.recordStarts[row], views.recordEnds[row]);
    text += `${uuidText(views.ids, row * 16)}\t${instant}\t${escapeCopy(record)}\n`;
  }
  return text;
}

/** JSON text may hold line ends and tabs between its tokens. */
function escapeCopy(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
}

async function copyByPsql(database: BenchDatabase, path: string): Promise<number> {
  const url = new URL(database.connectionString);
  const child = spawn(
    'psql',
    [
      '--no-psqlrc',
      '--set=ON_ERROR_STOP=1',
      `--host=${url.hostname}`,
      `--port=${url.port || '5432'}`,
      `--username=${decodeURIComponent(url.username)}`,
      `--dbname=${url.pathname.slice(1)}`,
      '--command=\\timing on',
      `--command=\\copy ingested_events (id, occurred_at, data) from '${path.replaceAll("'", "''")}'`,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Not on the command line, where everybody could read it.
      env: { ...plainEnvironment(), PGPASSWORD: decodeURIComponent(url.password) },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  const time = PSQL_TIME.exec(said)?.[1];
  if (code !== 0 || time === undefined) throw new BenchError(`psql \\copy failed:\n${said}`);
  return Number(time);
}

async function copy(database: BenchDatabase, path: string): Promise<number> {
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  try {
    const startedAtMs = performance.now();
    const query = new CopyFromFile(COPY, (write) =>
      pipeline(createReadStream(path, { highWaterMark: 65_536 }), write),
    );
    client.query(query);
    await query.done;
    return performance.now() - startedAtMs;
  } finally {
    await client.end();
  }
}

async function expectRows(database: BenchDatabase, events: number): Promise<void> {
  const { rows } = await database.pool.query<{ count: string }>(
    'SELECT count(*) AS count FROM ingested_events',
  );
  const count = Number(rows[0]?.count);
  if (count !== events) throw new BenchError(`the table has ${count} rows, not ${events}`);
}
