/** One run that members share: how fast it is, how well it uses a limit, and how soon a dead member is followed. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { BenchError } from '../bench-error.js';
import type { BenchDatabase } from '../database.js';
import { cacheKnobs, withFolder } from '../measure-ingest.js';
import type { BenchPolicy } from '../options.js';
import { type IngestProcess, startIngest, startSimulatorProcess } from '../processes.js';
import { utilisationOf } from '../request-limits.js';

export interface ClusterVariant {
  readonly members: number;
  /** Null: a process alone, without Redis. */
  readonly redisUrl: string | null;
  readonly events: number;
  /** Events a page. */
  readonly limit: number;
  /** Null: the API has no limit. */
  readonly policy: BenchPolicy | null;
  /** The first member is killed when a third of the requests are made. */
  readonly isKilled: boolean;
  readonly latencyMs: number;
}

export interface ClusterMeasurement {
  readonly variant: ClusterVariant;
  /** Events over the time from the first request to the last. */
  readonly eventsPerSecond: number;
  /** Of the limit; null: there is none. */
  readonly utilisation: number | null;
  readonly refused: number;
  /** From the kill to the first page that another member commits of what the dead one held; null: nobody was killed. */
  readonly takeoverMs: number | null;
}

const POLL_MS = 50;
const TAKEOVER_MS_MAX = 60_000;

/** @throws BenchError when a member fails, or rows are missing */
export async function measureCluster(
  bench: Bench,
  database: BenchDatabase,
  variant: ClusterVariant,
): Promise<ClusterMeasurement> {
  const { members, redisUrl, events, limit, policy, isKilled, latencyMs } = variant;
  const simulator = await startSimulatorProcess({
    ...{ events, 'latency-ms': latencyMs, 'latency-jitter-ms': 0 },
    'events-quota': policy?.quota ?? 0,
    ...(policy === null ? {} : { 'events-window-ms': policy.windowMs }),
    ...cacheKnobs(events, limit),
  });
  try {
    await database.reset();
    const takeoverMs = await withFolder(bench.workFolder, async (folder) => {
      const start = async (nth: number): Promise<IngestProcess> => {
        const cwd = join(folder, String(nth));
        await mkdir(cwd);
        const where = { cwd, databaseUrl: database.connectionString, baseUrl: simulator.baseUrl };
        return startIngest([`--limit=${limit}`], {
          ...where,
          variables: redisUrl === null ? {} : { REDIS_URL: redisUrl },
        });
      };
      const all = await Promise.all(Array.from({ length: members }, (_, nth) => start(nth)));
      const [first, ...others] = all;
      if (first === undefined) throw new BenchError('a cluster has a member');
      if (!isKilled) {
        await Promise.all(all.map((member) => member.end()));
        return null;
      }
      const isDue = async () =>
        (await simulator.stats()).eventsArrivalsMs.length >= events / limit / 3;
      while (!(await isDue())) await delay(POLL_MS);
      const took = await killed(database, first);
      await Promise.all(others.map((member) => member.end()));
      return took;
    });
    const { eventsArrivalsMs: arrivalsMs, refused } = await simulator.stats();
    const { rows } = await database.pool.query(
      'SELECT count(*)::integer AS rows FROM ingested_events',
    );
    if (rows[0]?.rows !== events) throw new BenchError(`${rows[0]?.rows} of ${events} rows came`);
    const spanMs = (arrivalsMs.at(-1) ?? 0) - (arrivalsMs[0] ?? 0);
    return {
      ...{ variant, refused, takeoverMs },
      eventsPerSecond: (events * 1000) / spanMs,
      utilisation: policy === null ? null : utilisationOf(arrivalsMs, policy),
    };
  } finally {
    await simulator.stop();
  }
}

const HELD = `
  SELECT segment FROM ingestion_segments JOIN ingestion_members USING (run, epoch)
  WHERE status = 'open' AND right(name, length($1) + 1) = ' ' || $1`;
const GONE_ON = `
  SELECT count(*)::integer AS pages FROM ingestion_pages
  WHERE segment = ANY ($1::integer[]) AND committed_at > to_timestamp($2::float8 / 1000)`;

/** Kills a member. @returns how long it takes until another goes on with what it held */
async function killed({ pool }: BenchDatabase, member: IngestProcess): Promise<number> {
  const held = await pool.query<{ segment: number }>(HELD, [String(member.pid)]);
  if (held.rows.length === 0)
    throw new BenchError('the member that was to be killed holds nothing');
  member.signal('SIGKILL');
  await member.exit();
  const atMs = Date.now();
  const segments = held.rows.map(({ segment }) => segment);
  while (Date.now() - atMs < TAKEOVER_MS_MAX) {
    const { rows } = await pool.query<{ pages: number }>(GONE_ON, [segments, atMs]);
    if ((rows[0]?.pages ?? 0) > 0) return Date.now() - atMs;
    await delay(POLL_MS);
  }
  throw new BenchError(`nobody went on within ${TAKEOVER_MS_MAX / 1000} s of the kill`);
}
