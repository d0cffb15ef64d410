/** A process that stands by: what it waits for, whom it ends, and what it goes on with. */
import { expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import type { Run } from '../../src/database/ledger-types.js';
import { waitForLock } from '../../src/session/members/standby.js';
import { captureLog } from '../support/captured-log.js';

const HELD = {
  code: 'ALREADY_RUNNING',
  message: 'this ingestion is already being run by process 7 on host',
  retryable: false,
} as const;
const LOCK = 'the lock';

type Latest = Pick<Run, 'run' | 'status'> | null;

/** @param latest run at each look; the lock is free behind the last of them */
async function standBy(
  latest: readonly Latest[],
  isFrozen: (look: number) => boolean = () => false,
) {
  const log = await captureLog('info');
  const asked: number[] = [];
  let looks = 0;
  const taken = await waitForLock(
    async () => {
      if (looks < latest.length) throw new IngestionError(HELD);
      return LOCK;
    },
    {
      store: { findLatestRun: async () => latest[looks++] as Run | null },
      streamKey: { source: 'datasync', stream: 'events', origin: 'https://api.example' },
      log: log.log,
      endFrozen: async (run) => {
        asked.push(run);
        return isFrozen(looks);
      },
    },
  );
  const told = log.records().map(({ event, message }) => [event, message]);
  return { taken, asked, told };
}

test('takes a lock that nobody holds, and says nothing', async () => {
  expect(await standBy([])).toEqual({ taken: { lock: LOCK, run: null }, asked: [], told: [] });
});

test('waits while another process holds it, says so once, and goes on with the run of that one', async () => {
  const running = { run: 4, status: 'running' } as const;
  const { taken, asked, told } = await standBy([running, running, running]);
  expect(taken).toEqual({ lock: LOCK, run: 4 });
  expect(asked).toEqual([4, 4, 4]);
  expect(told).toEqual([['standing_by', `standing by: ${HELD.message}`]]);
});

test('asks each time whether the holder is frozen, and says when it has ended one', async () => {
  const running = { run: 4, status: 'running' } as const;
  const { told } = await standBy([running, running, running], (look) => look === 2);
  expect(told).toEqual([
    ['standing_by', expect.any(String)],
    ['holder_frozen', expect.stringContaining('run 4 has let its lease lapse')],
  ]);
});

test.each([null, { run: 4, status: 'complete' }, { run: 4, status: 'paused' }] as const)(
  'ends nobody whose run is not going on: %o',
  async (latest) => {
    const { taken, asked } = await standBy([latest, latest], () => true);
    expect({ taken, asked }).toEqual({ taken: { lock: LOCK, run: null }, asked: [] });
  },
);

test('goes on with the latest run that was going on while it waited', async () => {
  const { taken } = await standBy([
    { run: 4, status: 'running' },
    { run: 5, status: 'running' },
    { run: 5, status: 'complete' },
  ]);
  expect(taken.run).toBe(5);
});

test('hands on whatever else keeps it from the lock', async () => {
  const fault = { code: 'DATABASE_UNAVAILABLE', message: 'away', retryable: true } as const;
  const { log } = await captureLog('info');
  const waiting = waitForLock(() => Promise.reject(new IngestionError(fault)), {
    store: { findLatestRun: async () => null },
    streamKey: { source: 'datasync', stream: 'events', origin: 'https://api.example' },
    log,
    endFrozen: async () => false,
  });
  await expect(waiting).rejects.toMatchObject({ fault });
});
