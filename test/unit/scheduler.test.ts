/** How a run ends while a page waits for one that has failed. */
import { expect, test } from 'vitest';
import { DEFAULT_BACKOFF } from '../../src/core/backoff.js';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import { PageSize } from '../../src/core/page-size.js';
import { Scheduler } from '../../src/core/scheduler.js';
import type { HeadFacts, SchedulerCommand } from '../../src/core/scheduler-types.js';
import { TokenBucket } from '../../src/core/token-bucket.js';

const NOW_MS = 1_800_000_000_000;
/** Cursors that only the API can read: a page's start is known when the page before is scanned. */
const opaque = { cursorTtlMs: 120_000, readCursor: () => null, buildCursor: () => null };

function opaqueScheduler(): Scheduler {
  const frontier = new Frontier(opaque, { canSeek: false });
  frontier.add({ segment: 1, after: null, bound: null });
  return new Scheduler({
    frontier,
    bucket: new TokenBucket({ policy: null }),
    credits: new Credits({ bytesMax: 1_000_000, expectedPageBytes: 1_000 }),
    pageSize: new PageSize(100),
    codec: opaque,
    backoff: DEFAULT_BACKOFF,
    concurrency: 4,
    cursorThresholdMs: 60_000,
    eventsMax: null,
    nextSegment: 2,
    rowsDone: 0,
    quarantineShareMax: 1,
    random: () => 0.5,
  });
}

const head = (nextCursor: string): HeadFacts => ({
  sentAtMs: NOW_MS,
  headAtMs: NOW_MS,
  bodyBytes: 1_000,
  limits: null,
  nextCursor,
  hasMore: true,
  cursorExpiresInMs: null,
  limit: 100,
  returned: 100,
  total: null,
});

const fetches = (commands: readonly SchedulerCommand[]) =>
  commands.flatMap((command) => (command.type === 'fetch' ? [command.taskId] : []));

test('a page held back by a failed one is given up when the run is to end', () => {
  const scheduler = opaqueScheduler();
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  const [second = 0] = fetches(
    scheduler.step([{ type: 'head', taskId: first, head: head('b') }], NOW_MS),
  );
  // The body of the first page turns out bad after its head has sent the second on its way.
  const fault = { code: 'PAGE_MALFORMED', message: 'bad', retryable: true } as const;
  const where = { sentAtMs: NOW_MS, headAtMs: NOW_MS, limits: null };
  scheduler.step([{ type: 'failed', taskId: first, fault, ...where }], NOW_MS);
  const outcome = { status: 'interrupted' } as const;
  scheduler.step([{ type: 'drain', outcome }], NOW_MS);
  scheduler.step([{ type: 'head', taskId: second, head: head('c') }], NOW_MS);

  const place = { ms: 5, id: 'a' };
  const commands = scheduler.step(
    [{ type: 'scanned', taskId: second, firstPosition: place, lastPosition: place }],
    NOW_MS,
  );
  expect(commands).toEqual([
    { type: 'discard', taskId: second },
    { type: 'finish', outcome },
  ]);
});

test('without a reason to end it is kept until the failed page has come', () => {
  const scheduler = opaqueScheduler();
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  const [second = 0] = fetches(
    scheduler.step([{ type: 'head', taskId: first, head: head('b') }], NOW_MS),
  );
  const fault = { code: 'PAGE_MALFORMED', message: 'bad', retryable: true } as const;
  const where = { sentAtMs: NOW_MS, headAtMs: NOW_MS, limits: null };
  scheduler.step([{ type: 'failed', taskId: first, fault, ...where }], NOW_MS);
  scheduler.step(
    [{ type: 'head', taskId: second, head: { ...head('c'), hasMore: false } }],
    NOW_MS,
  );
  const place = { ms: 5, id: 'a' };
  const held = scheduler.step(
    [{ type: 'scanned', taskId: second, firstPosition: place, lastPosition: place }],
    NOW_MS,
  );
  expect(held.filter(({ type }) => type !== 'notice')).toEqual([]);
  const [again = 0] = fetches(scheduler.step([], NOW_MS + 60_000));
  expect(again).toBeGreaterThan(second);
});
