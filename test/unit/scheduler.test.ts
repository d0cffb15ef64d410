/** Single steps of the scheduler; whole histories of it are in test/simulation. */
import { expect, test } from 'vitest';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import type { HeadFacts } from '../../src/core/scheduler-types.js';
import {
  failed,
  fetches,
  head,
  limiterOf,
  NOW_MS,
  opaque,
  opaqueScheduler,
  RESERVED,
  scanned,
  schedulerOver,
  sought,
} from '../support/stepped-scheduler.js';

test('a page that waits for the end of one that was given up is given up with it', () => {
  const scheduler = opaqueScheduler();
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  const [second = 0] = fetches(
    scheduler.step([{ type: 'head', taskId: first, head: head('b') }], NOW_MS),
  );
  // The body of the first page turns out bad after its head has sent the second on its way.
  const fault = { code: 'CONTRACT', message: 'bad', retryable: false } as const;
  scheduler.step([failed(first, fault)], NOW_MS);
  scheduler.step([{ type: 'head', taskId: second, head: head('c') }], NOW_MS);

  const place = { ms: 5, id: 'a' };
  const commands = scheduler.step([scanned(second, place)], NOW_MS);
  expect(commands).toMatchObject([
    { type: 'drop', taskId: second },
    { type: 'finish', outcome: { status: 'failed', fault: { code: 'CONTRACT' } } },
  ]);
});

const HOUR_MS = 3_600_000;
const RATE_LIMITED = { code: 'RATE_LIMITED', message: 'HTTP 429', retryable: true } as const;
const UNAVAILABLE = { code: 'HTTP_STATUS', message: 'HTTP 503', retryable: true } as const;

test.each([
  ['a refusal', RATE_LIMITED],
  ['a page that is down', UNAVAILABLE],
])('%s that asks for hours of silence pauses the run until then', (_, fault) => {
  const scheduler = opaqueScheduler();
  const [taskId = 0] = fetches(scheduler.step([], NOW_MS));
  const refusal = { ...fault, retryAfterMs: 16 * HOUR_MS };
  const commands = scheduler.step([failed(taskId, refusal)], NOW_MS);
  expect(scheduler.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  const resumeAtMs = NOW_MS + 16 * HOUR_MS;
  const reason = `nothing may be asked of the API before ${new Date(resumeAtMs).toISOString()}`;
  expect(commands.at(-1)).toEqual({
    type: 'finish',
    outcome: { status: 'paused', reason, resumeAtMs },
  });
});

test('an hour of silence is waited for', () => {
  const scheduler = opaqueScheduler();
  const [taskId = 0] = fetches(scheduler.step([], NOW_MS));
  const fault = { ...RATE_LIMITED, retryAfterMs: HOUR_MS };
  const commands = scheduler.step([failed(taskId, fault)], NOW_MS);
  expect(commands.map(({ type }) => type)).toEqual(['notice']);
  expect(scheduler.wakeAtMs).toBe(NOW_MS + HOUR_MS);
  expect(fetches(scheduler.step([], NOW_MS + HOUR_MS))).toHaveLength(1);
});

test('a quota of a day that is spent pauses the run until its first request is forgotten', () => {
  const policy = { quota: 2, windowMs: 24 * HOUR_MS };
  const startsMs = [NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS];
  const limit = { name: 'x-ratelimit', policy, isLeaky: false, startsMs };
  const limiter = limiterOf(null, { limits: [limit], pace: null, isLearned: true });
  const commands = opaqueScheduler(limiter).step([], NOW_MS);
  const resumeAtMs = limiter.nextStartMs(NOW_MS);
  expect(Math.abs(resumeAtMs - NOW_MS - 22 * HOUR_MS)).toBeLessThan(1000);
  expect(commands).toMatchObject([{ type: 'finish', outcome: { status: 'paused', resumeAtMs } }]);
});

test('error pages without limit headers do not pass for an API without a limit', () => {
  const limiter = limiterOf({ quota: 10, windowMs: 60_000 });
  const scheduler = opaqueScheduler(limiter);
  const fault = { code: 'HTTP_STATUS', message: 'HTTP 502', retryable: true, status: 502 } as const;
  let nowMs = NOW_MS;
  for (let answer = 0; answer < 5; answer++) {
    nowMs += 60_000;
    let taskIds = fetches(scheduler.step([], nowMs));
    if (taskIds.length === 0) taskIds = fetches(scheduler.step([RESERVED], nowMs));
    const [taskId = 0] = taskIds;
    scheduler.step([failed(taskId, fault, nowMs)], nowMs);
  }
  expect(limiter.policy).toEqual({ quota: 10, windowMs: 60_000 });
  expect(limiter.isLearned).toBe(false);
});

const lastPage: HeadFacts = { ...head(''), nextCursor: null, hasMore: false };

test('a page that fails for good leaves the run paused, though all others are through', () => {
  const scheduler = opaqueScheduler();
  const fault = { code: 'PAGE_MALFORMED', message: 'bad', retryable: true } as const;
  let nowMs = NOW_MS;
  let [taskId = 0] = fetches(scheduler.step([], nowMs));
  for (let attempt = 0; attempt < 100; attempt++) {
    scheduler.step([{ type: 'head', taskId, head: lastPage }], nowMs);
    const commands = scheduler.step([failed(taskId, fault, nowMs)], nowMs);
    const finish = commands.find(({ type }) => type === 'finish');
    if (finish !== undefined) {
      expect(finish).toMatchObject({ outcome: { status: 'paused' } });
      return;
    }
    nowMs += 3_600_000;
    [taskId = 0] = fetches(scheduler.step([], nowMs));
  }
  expect.unreachable('the run does not end');
});

test('a page that the database refuses is told of, though the run was to end anyway', () => {
  const scheduler = opaqueScheduler();
  const [taskId = 0] = fetches(scheduler.step([], NOW_MS));
  scheduler.step([{ type: 'head', taskId, head: lastPage }], NOW_MS);
  const place = { ms: 5, id: 'a' };
  scheduler.step([scanned(taskId, place)], NOW_MS);
  scheduler.step([{ type: 'drain', outcome: { status: 'interrupted' } }], NOW_MS);
  const fault = { code: 'DATABASE_REFUSED', message: 'disk full', retryable: false } as const;
  expect(scheduler.step([{ type: 'writeFailed', taskId, fault }], NOW_MS)).toEqual([
    { type: 'finish', outcome: { status: 'failed', fault } },
  ]);
});

test('a page that crosses its bound covers no more when it is asked for again', () => {
  const bound = { ms: 50, id: 'a' };
  const frontier = new Frontier(sought(() => 'built'));
  frontier.add({ segment: 1, after: null, bound });
  const scheduler = schedulerOver(frontier);
  const fault = { code: 'PAGE_MALFORMED', message: 'bad', retryable: true } as const;
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  scheduler.step([{ type: 'head', taskId: first, head: head('40', { ms: 40, id: 'a' }) }], NOW_MS);
  scheduler.step([failed(first, fault)], NOW_MS);
  const [again = 0] = fetches(scheduler.step([], NOW_MS + 60_000));
  scheduler.step(
    [{ type: 'head', taskId: again, head: head('40', { ms: 40, id: 'a' }) }],
    NOW_MS + 60_000,
  );
  const place = { ms: 60, id: 'a' };
  const commands = scheduler.step([scanned(again, place)], NOW_MS + 60_000);
  expect(commands).toMatchObject([{ type: 'write', through: bound, bound }]);
});

test('a walk that begins again lets go of the pages that were held', () => {
  const scheduler = opaqueScheduler();
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  const [second = 0] = fetches(
    scheduler.step([{ type: 'head', taskId: first, head: head('b') }], NOW_MS),
  );
  const [third = 0] = fetches(
    scheduler.step([{ type: 'head', taskId: second, head: head('c') }], NOW_MS),
  );
  const place = { ms: 5, id: 'a' };
  const dead = { code: 'CURSOR_EXPIRED', message: 'dead', retryable: true } as const;
  scheduler.step([scanned(second, place)], NOW_MS);
  const commands = scheduler.step([failed(third, dead)], NOW_MS);
  expect(commands).toContainEqual({ type: 'drop', taskId: second });
  expect(commands).toContainEqual({ type: 'endSegment', segment: 1, isSuperseded: true });
});

test.each([
  ['is urgent where another page may be asked for at once', 10_000, 2, true],
  ['is urgent where no other page is ready', 1_000, 1, true],
  ['can wait where the next page waits for credit anyhow', 1_000, 2, false],
])('a head %s', (_, bytesMax, segments, isHeadUrgent) => {
  const frontier = new Frontier(opaque);
  for (let segment = 1; segment <= segments; segment++) {
    frontier.add({ segment, after: null, bound: null });
  }
  const credits = new Credits({ bytesMax, expectedPageBytes: 1_000 });
  const scheduler = schedulerOver(frontier, undefined, { credits });
  expect(scheduler.step([], NOW_MS)).toMatchObject([{ type: 'fetch', isHeadUrgent }]);
});

test('a server that refuses everything is asked ever more rarely, and then the run is paused', () => {
  const scheduler = opaqueScheduler();
  let nowMs = NOW_MS;
  let commands = scheduler.step([], nowMs);
  let requests = 0;
  let notices = 0;
  while (!commands.some(({ type }) => type === 'finish')) {
    const [taskId] = fetches(commands);
    notices += commands.filter(({ type }) => type === 'notice').length;
    if (taskId !== undefined) requests++;
    else nowMs = scheduler.wakeAtMs;
    const events = taskId === undefined ? [] : [failed(taskId, RATE_LIMITED, nowMs)];
    commands = scheduler.step(events, nowMs);
    expect(requests).toBeLessThan(100);
  }
  const hours = (nowMs - NOW_MS) / HOUR_MS;
  expect(hours).toBeLessThan(3);
  expect(requests).toBeLessThan(25);
  expect(notices).toBeLessThan(requests + 1);
  expect(commands.at(-1)).toMatchObject({ type: 'finish', outcome: { status: 'paused' } });
});
