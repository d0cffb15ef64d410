/** A shared run as every process of the cluster shows it: metrics, snapshot and `status`, alike wherever one asks. */
import { describe, expect, test, vi } from 'vitest';
import type { SeenMember } from '../../src/core/cluster-view.js';
import type { RunSnapshot } from '../../src/observe/snapshot.js';
import { holdingCommits } from '../support/hold-commits.js';
import { epochsOf, heldBy } from '../support/holder-journal.js';
import { addressOf, scrape, total, untilReady, untilSnapshot } from '../support/http-client.js';
import { API_KEY, ledgerSums, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';
import type { Family } from '../support/prometheus-text.js';
import { useRedisServer } from '../support/redis-server.js';
import { SharedRun } from '../support/shared-run.js';

const PASSWORD = 'sesam-oeffne-dich';
const redis = useRedisServer({ password: PASSWORD });
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** Fifty pages over several chains, slowly enough that all have joined by then, and then nothing for a minute. */
const STILL = { events: 120_000, latencyMs: 800, eventsQuota: 50, eventsWindowMs: 60_000 };
const SLOWLY = { WORKER_CONCURRENCY: '2' };

/** Members that say of themselves that they have committed rows. */
const BY_MEMBER = "SELECT FROM ingestion_members WHERE (figures ->> 'rows')::integer > 0";
const WAIT = { timeout: 30_000, interval: 50 };

async function share(changes: object = STILL): Promise<SharedRun> {
  const simulator = await simulate(changes);
  const url = `redis://:${PASSWORD}@127.0.0.1:${redis.port}`;
  return new SharedRun({ database, folder, simulator, redis: { url }, env: SLOWLY });
}

const membersIn = ({ cluster }: RunSnapshot): readonly SeenMember[] =>
  cluster?.runs[0]?.members ?? [];

const isOf = ({ pid }: IngestProcess, { name }: SeenMember): boolean => name.endsWith(` ${pid}`);

/** The snapshot of a process in which so many members have something to walk. */
function untilWalking(url: string, count: number): Promise<RunSnapshot> {
  return untilSnapshot<RunSnapshot>(url, (snapshot) => {
    const walking = membersIn(snapshot).filter(
      ({ phase, segments }) => phase === 'walking' && segments > 0,
    );
    return walking.length === count;
  });
}

function figureOf(
  metrics: ReadonlyMap<string, Family>,
  name: string,
  member: IngestProcess,
): number {
  const { samples } = metrics.get(name) ?? { samples: [] };
  const found = samples.filter(({ labels }) => labels.member?.endsWith(` ${member.pid}`));
  expect(found).toHaveLength(1);
  return found[0]?.value ?? Number.NaN;
}

describe('a run of three members', () => {
  test('is the same on each of them, and on whoever only looks on', async () => {
    const run = await share();
    const first = run.ingest();
    const members = [first, run.ingest(), run.worker()];
    const processes = [...members, run.serve()];
    const urls = await Promise.all(processes.map(addressOf));
    for (const url of urls) {
      const snapshot = await untilWalking(url, 3);
      expect(snapshot.cluster?.runs).toMatchObject([{ run: 1, stream: 'events' }]);
      for (const member of members) {
        const seen = membersIn(snapshot).find((each) => isOf(member, each));
        expect(seen).toMatchObject({ isDead: false, version: expect.stringMatching(/^\d/) });
        expect(seen?.segments).toBeGreaterThan(0);
        expect(seen?.held).toHaveLength(seen?.segments ?? 0);
      }
      const segments = membersIn(snapshot).flatMap(({ held }) => held);
      expect(new Set(segments).size).toBe(segments.length);
      const metrics = await scrape(url);
      const labels = { source: 'datasync', stream: 'events' };
      expect(total(metrics, 'datasync_members', { ...labels, state: 'living' })).toBe(3);
      expect(total(metrics, 'datasync_members', { ...labels, state: 'dead' })).toBe(0);
      for (const member of members) {
        expect(figureOf(metrics, 'datasync_member_segments', member)).toBeGreaterThan(0);
        figureOf(metrics, 'datasync_member_rows_per_second', member);
      }
      for (const secret of [API_KEY, PASSWORD]) {
        expect(JSON.stringify(snapshot) + JSON.stringify([...metrics])).not.toContain(secret);
      }
    }
    const [onFirst, , onWorker, onlooker] = await Promise.all(urls.map((url) => scrape(url)));
    if (onFirst === undefined || onWorker === undefined) throw new Error('four were asked');
    expect(total(onFirst, 'datasync_segments_taken_total')).toBeGreaterThan(0);
    expect(total(onWorker, 'datasync_segments_taken_total', { from: 'nobody' })).toBeGreaterThan(0);
    expect(onlooker?.has('datasync_segments_taken_total')).toBe(false);
    const given = [onFirst, await scrape(urls[1] ?? '')].map((metrics) =>
      total(metrics, 'datasync_segments_given_total'),
    );
    expect(given.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0);

    const status = await run.status('--json');
    expect(status.result).toMatchObject({ run: 1, state: 'running' });
    const cluster = status.result?.cluster as RunSnapshot['cluster'];
    for (const member of members) {
      expect(cluster?.runs[0]?.members.some((each) => isOf(member, each))).toBe(true);
    }
    const { stdout } = await run.status();
    expect(stdout).toMatch(/^ {2}members +3, [\d,]+ rows\/s together$/m);
    for (const { pid } of members) expect(stdout).toContain(` process ${pid} `);
    expect(stdout).not.toMatch(/^ {2}by /m);
  });

  test('shows rows and share of all on the page of one', async () => {
    const run = await share();
    const processes = [run.ingest(), run.ingest(), run.worker()];
    const urls = await Promise.all(processes.map(addressOf));
    const [first, second, worker] = urls;
    if (first === undefined || second === undefined || worker === undefined) {
      throw new Error('each has an address');
    }
    await holdingCommits(database, async (hold) => {
      await untilWalking(first, 3);
      await vi.waitFor(async () => {
        const { rows } = await database.pool.query(BY_MEMBER);
        expect(rows.length).toBeGreaterThan(1);
      }, WAIT);
      await hold();
      const { inserted } = await ledgerSums(database.pool);
      const own: number[] = [];
      for (const url of [first, second]) {
        const { live } = await untilSnapshot<RunSnapshot>(
          url,
          ({ live: seen }) => seen?.members === 3 && seen.rows.ingested === inserted,
        );
        expect(live?.rows.total).toBe(120_000);
        expect(live?.rows.share).toBeCloseTo(inserted / 120_000, 9);
        own.push(live?.rows.inserted ?? inserted);
      }
      // Who began the run knows by itself only what is its own.
      expect(Math.min(...own)).toBeLessThan(inserted);
      const { live, progress } = await untilSnapshot<RunSnapshot>(
        worker,
        (snapshot) => snapshot.progress[0]?.rows === inserted,
      );
      expect(live).toBeNull();
      expect(progress).toEqual([{ run: 1, rows: inserted, total: 120_000 }]);
    });
  });

  test('has one that dies as dead once its lease is over, and who takes over says so', async () => {
    const run = await share({ events: 100_000, eventsQuota: 15, eventsWindowMs: 3_000 });
    const first = run.ingest();
    const second = run.ingest();
    const [url] = await Promise.all([first, second].map(addressOf));
    if (url === undefined) throw new Error('both have an address');
    await untilWalking(url, 2);
    const [epoch = 0] = await epochsOf(database.pool, second.pid);
    await second.kill();
    // It is taken over as soon as the lease is over, perhaps before anybody has shown it.
    const left = await heldBy(database.pool, epoch);
    expect(left.length).toBeGreaterThan(0);
    await holdingCommits(database, async (hold) => {
      await untilSnapshot<RunSnapshot>(url, (snapshot) =>
        membersIn(snapshot).some((each) => isOf(second, each) && each.isDead),
      );
      await first.untilLog(
        ({ event, segment }) => event === 'page_committed' && left.includes(Number(segment)),
      );
      await hold();
      const metrics = await scrape(url);
      expect(total(metrics, 'datasync_members', { state: 'dead' })).toBe(1);
      expect(figureOf(metrics, 'datasync_member_segments', second)).toBeLessThan(left.length);
      expect(figureOf(metrics, 'datasync_member_rows_per_second', second)).toBe(0);
      expect(total(metrics, 'datasync_segments_taken_total', { from: 'dead' })).toBeGreaterThan(0);
      expect(total(metrics, 'datasync_leases_lost_total')).toBe(0);
      const { stdout } = await run.status();
      expect(stdout).toMatch(/^ {2}members +1, .*; 1 not heard of$/m);
      expect(stdout).toMatch(new RegExp(`^ {4}\\S+ process ${second.pid} +not heard of `, 'm'));
    });
  });
});

test('a Redis that is away is said in the metrics, of a worker too, until it is back', async () => {
  const run = await share();
  const processes = [run.ingest(), run.worker()];
  const urls = await Promise.all(processes.map(addressOf));
  for (const url of urls) await untilWalking(url, 2);
  const trouble = (url: string) => async () => total(await scrape(url), 'datasync_queue_trouble');
  for (const url of urls) expect(await trouble(url)()).toBe(0);
  const lost = processes.map((process) => process.untilLog('queue_trouble'));
  await redis.stop();
  await Promise.all(lost);
  for (const url of urls) expect(await trouble(url)()).toBe(1);
  const back = processes.map((process) => process.untilLog('queue_back'));
  await redis.start();
  await Promise.all(back);
  for (const url of urls) expect(await trouble(url)()).toBe(0);
});

test('a worker that has no run shows none, and is ready', async () => {
  const run = await share();
  const worker = run.worker();
  const url = await addressOf(worker);
  await untilReady(url);
  const { cluster, command } = await untilSnapshot<RunSnapshot>(
    url,
    (snapshot) => snapshot.cluster !== null,
  );
  expect([cluster?.runs, command]).toEqual([[], 'worker']);
  expect((await scrape(url)).get('datasync_members')?.samples).toEqual([]);
});
