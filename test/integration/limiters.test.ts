/**
 * Behind limiters that others wrote: every row once, and an end. How much of the limit is used, and how
 * much is refused, is the bench's to measure (`--scenario limiters`).
 */
import { afterEach, expect, test } from 'vitest';
import { limiterNamed } from '../../bench/limiters/catalogue.js';
import { pageSettings } from '../../bench/limiters/page-maker.js';
import { earliestMs } from '../../bench/limiters/permits.js';
import type { LimiterStats } from '../../bench/limiters/tally.js';
import { type ServerProcess, startLimiterServer } from '../../bench/processes.js';
import {
  environmentFor,
  expectExactly,
  ledgerSums,
  useEmptyTables,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const servers: ServerProcess<LimiterStats>[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const PAGE_LIMIT = 100;
/** More than two windows of ten, and less than one of thirty. */
const PAGES = 25;

test.each([
  ['express-draft-7-twice', 'two limits, of which the headers tell the second'],
  ['express-silent', 'a limit that nothing tells'],
  ['fastify-draft', 'a limit that every answer tells'],
  ['window-begun-before', 'a window that began before the first request'],
])('%s: %s', async (name) => {
  const events = PAGES * PAGE_LIMIT;
  const { limits } = limiterNamed(name);
  const server = await startLimiterServer(name, events);
  servers.push(server);
  const environment = environmentFor(server, database, { BATCH_SIZE: String(PAGE_LIMIT) });
  const { code, result, stderr } = await folder.run(['ingest', '--json'], environment);
  expect(code, stderr).toBe(0);
  const { acceptedMs, refusedMs } = await server.stats();
  expect(result).toMatchObject({
    status: 'complete',
    eventsIngested: events,
    requests: acceptedMs.length + refusedMs.length,
    refused: refusedMs.length,
  });
  // The limit was at work; arrivals are noted a moment before the limiter sees them.
  const [first = 0, last = 0] = [acceptedMs[0], acceptedMs[PAGES - 1]];
  expect(last - first).toBeGreaterThan(earliestMs(limits, PAGES - 1) * 0.75);
  await expectExactly(database.pool, pageSettings(events));
  expect(await ledgerSums(database.pool)).toMatchObject({ inserted: events, unbalanced: 0 });
});
