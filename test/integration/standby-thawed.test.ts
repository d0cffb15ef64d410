/** Processes without Redis, of which one was frozen while another took its run over. */
import { expect, test } from 'vitest';
import {
  environmentFor,
  expectExactly,
  runStatus,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { expectPaced } from '../support/own-starts.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const simulate = useSimulator();

async function plans(): Promise<readonly number[]> {
  const { rows } = await database.pool.query<{ plan: number }>('SELECT plan FROM ingestion_runs');
  return rows.map(({ plan }) => plan);
}

test('a process that wakes up leaves the run to who has it by now: it plans nothing, and ends nothing', async () => {
  const simulator = await simulate({ events: 20_000, eventsQuota: 25, eventsWindowMs: 1_000 });
  const start = (name: string) => {
    const own = { BATCH_SIZE: '100', MEMBER_LEASE: '2', STATE_FILE: `data/${name}.state` };
    const environment = environmentFor(simulator, database, own);
    return folder.start(['ingest', '--standby', '--json'], environment);
  };
  const frozen = start('frozen');
  await frozen.untilLog('page_committed', { count: 10 });
  const other = start('other');
  await other.untilLog('standing_by');
  frozen.signal('SIGSTOP');
  await other.untilLog('holder_frozen');
  await other.untilLog('page_committed');
  const before = await plans();
  frozen.signal('SIGCONT');
  const left = await frozen.end();
  expect(left.code, left.stderr).toBe(1);
  expect(left.stderr).toContain('already being run');
  expect(await runStatus(database.pool)).toBe('running');
  expect(await plans()).toEqual(before);
  const exit = await other.end();
  expect(exit.code, exit.stderr).toBe(0);
  expect(await plans()).toEqual(before);
  await expectExactly(database.pool, simulator.settings);
  expectPaced([left, exit], simulator.settings);
});
