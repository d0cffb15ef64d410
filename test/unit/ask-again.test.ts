/** Pages that are asked for again: repairs, rewound chains, answers that contradict. */
import { describe, expect, test } from 'vitest';
import { Credits } from '../../src/core/credits.js';
import type { Fault } from '../../src/core/fault.js';
import { Frontier } from '../../src/core/frontier.js';
import type { Scheduler } from '../../src/core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent } from '../../src/core/scheduler-types.js';
import type { Position } from '../../src/paging/position.js';
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

const BAD: Fault = { code: 'PAGE_MALFORMED', message: 'bad', retryable: true };
const TTL_MS = 120_000;
const LATER_MS = NOW_MS + 60_000;
const at = (row: number): Position => ({ ms: 1_000_000 - row, id: 'a' });
const built = sought((position) => `built ${1_000_000 - position.ms}`, TTL_MS);

function answered(scheduler: Scheduler, taskId: number, cursor: string, position?: Position) {
  return scheduler.step([{ type: 'head', taskId, head: head(cursor, position) }], NOW_MS);
}

const notices = (commands: readonly SchedulerCommand[]) =>
  commands.flatMap((command) => (command.type === 'notice' ? [command.notice.event] : []));

describe('a body that fails behind opaque cursors', () => {
  test('gives up the pages behind it, for its next answer may end elsewhere', () => {
    const scheduler = opaqueScheduler();
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    const [second = 0] = fetches(answered(scheduler, first, 'b'));
    const [third = 0] = fetches(answered(scheduler, second, 'c'));
    scheduler.step([scanned(second, at(2))], NOW_MS);
    const commands = scheduler.step([failed(first, BAD)], NOW_MS);
    expect(commands).toContainEqual({ type: 'drop', taskId: second });

    const again = scheduler.step([], LATER_MS);
    expect(again).toMatchObject([{ type: 'fetch', page: 1, cursor: null }]);
    const [taskId = 0] = fetches(again);
    expect(answered(scheduler, taskId, 'other')).toMatchObject([
      { type: 'fetch', page: 2, cursor: 'other' },
    ]);
    // What was in flight and is given up changes nothing when it comes.
    expect(answered(scheduler, third, 'd')).toEqual([]);
    expect(scheduler.step([scanned(third, at(3))], LATER_MS)).toEqual([
      { type: 'drop', taskId: third },
    ]);
  });

  test('leaves requests that are given up in the log of the limit, as late as they left', () => {
    const policy = { quota: 2, windowMs: 10_000 };
    const limit = { name: 'x-ratelimit', policy, isLeaky: false, startsMs: [] };
    const limiter = limiterOf(null, { limits: [limit], pace: null, isLearned: true });
    const scheduler = opaqueScheduler(limiter);
    scheduler.step([], NOW_MS);
    const [first = 0] = fetches(scheduler.step([RESERVED], NOW_MS));
    scheduler.step([{ type: 'head', taskId: first, head: head('b') }], NOW_MS + 10);
    const [second = 0] = fetches(scheduler.step([RESERVED], NOW_MS + 10));
    expect(second).toBeGreaterThan(first);
    scheduler.step([failed(first, BAD)], NOW_MS + 20);
    const late = { sentAtMs: NOW_MS + 510, headAtMs: NOW_MS + 520, endAtMs: NOW_MS + 520 };
    const answer = { ...head('c'), ...late };
    scheduler.step([{ type: 'head', taskId: second, head: answer }], NOW_MS + 520);
    expect(limiter.comingStartsMs(NOW_MS + 600, 2)[1]).toBeGreaterThan(NOW_MS + 10_510);
  });

  test('leaves a refusal of what is given up a refusal', () => {
    const scheduler = opaqueScheduler();
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    const [second = 0] = fetches(answered(scheduler, first, 'b'));
    scheduler.step([failed(first, BAD)], NOW_MS);
    const refusal = { code: 'RATE_LIMITED', message: '429', retryable: true } as const;
    scheduler.step([failed(second, { ...refusal, retryAfterMs: 90_000 })], NOW_MS);
    expect(fetches(scheduler.step([], LATER_MS))).toEqual([]);
    expect(fetches(scheduler.step([], NOW_MS + 90_000))).toHaveLength(1);
  });

  test('opens its segment again when the page behind it was the last', () => {
    const scheduler = opaqueScheduler();
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    const [second = 0] = fetches(answered(scheduler, first, 'b'));
    const last = { ...head(''), nextCursor: null, hasMore: false };
    scheduler.step([{ type: 'head', taskId: second, head: last }], NOW_MS);
    scheduler.step([failed(first, BAD)], NOW_MS);
    expect(scheduler.step([], LATER_MS)).toMatchObject([{ type: 'fetch', page: 1 }]);
  });

  test('may be answered with the cursor that it gave before: that is no loop', () => {
    const scheduler = opaqueScheduler();
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    answered(scheduler, first, 'b');
    scheduler.step([failed(first, BAD)], NOW_MS);
    const [again = 0] = fetches(scheduler.step([], LATER_MS));
    expect(answered(scheduler, again, 'b')).toMatchObject([{ type: 'fetch', cursor: 'b' }]);
  });

  test('holds the credit of what is given up until its bytes have come', () => {
    const frontier = new Frontier(opaque);
    frontier.add({ segment: 1, after: null, bound: null });
    const credits = new Credits({ bytesMax: 10_000, expectedPageBytes: 1_000 });
    const scheduler = schedulerOver(frontier, undefined, { credits });
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    const [second = 0] = fetches(answered(scheduler, first, 'b'));
    scheduler.step([failed(first, BAD)], NOW_MS);
    answered(scheduler, second, 'c');
    expect(credits.heldBytes).toBe(1_000);
    expect(scheduler.step([scanned(second, at(2))], NOW_MS)).toEqual([
      { type: 'drop', taskId: second },
    ]);
    expect(credits.heldBytes).toBe(0);
  });

  test('does not count twice towards --max-events', () => {
    const frontier = new Frontier(opaque);
    frontier.add({ segment: 1, after: null, bound: null });
    const scheduler = schedulerOver(frontier, undefined, { eventsMax: 250 });
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    const [second = 0] = fetches(answered(scheduler, first, 'b'));
    answered(scheduler, second, 'c');
    scheduler.step([failed(first, BAD)], NOW_MS);
    const [again = 0] = fetches(scheduler.step([], LATER_MS));
    const [next = 0] = fetches(answered(scheduler, again, 'b'));
    expect(fetches(answered(scheduler, next, 'c'))).toHaveLength(1);
  });
});

describe('a repair', () => {
  function failedFirst() {
    const frontier = new Frontier(built);
    frontier.add({ segment: 1, after: at(5), bound: at(900) });
    const scheduler = schedulerOver(frontier);
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    const [tip = 0] = fetches(answered(scheduler, first, '100', at(100)));
    scheduler.step([failed(first, BAD)], NOW_MS);
    const repair = scheduler.step([], LATER_MS).find(({ type }) => type === 'fetch');
    return { scheduler, tip, repair };
  }

  test('asks for the same place, and the chain goes on beside it', () => {
    const { scheduler, tip, repair } = failedFirst();
    expect(repair).toMatchObject({ page: 1, cursor: 'built 5' });
    expect(answered(scheduler, tip, '200', at(200))).toMatchObject([{ type: 'fetch', page: 3 }]);
  });

  test('that gets a smaller page leaves the rest to a segment of its own', () => {
    const { scheduler, repair } = failedFirst();
    const [taskId = 0] = repair === undefined ? [] : fetches([repair]);
    const seed = { segment: 2, after: at(60), bound: at(100), cursor: '60' };
    expect(answered(scheduler, taskId, '60', at(60))).toContainEqual(
      expect.objectContaining({ type: 'openSegment', seed: expect.objectContaining(seed) }),
    );
  });

  test('that gets the page of another place is asked for again', () => {
    const { scheduler, repair } = failedFirst();
    const [taskId = 0] = repair === undefined ? [] : fetches([repair]);
    const commands = answered(scheduler, taskId, '5', at(5));
    expect(notices(commands)).toEqual(['page_contradicted']);
    expect(commands.some(({ type }) => type === 'openSegment')).toBe(false);
    expect(scheduler.step([], LATER_MS + 60_000)).toMatchObject([{ type: 'fetch', page: 1 }]);
  });
});

const committed = (taskId: number): SchedulerEvent => {
  const none = { inserted: 0, updated: 0, duplicate: 0, known: 0, quarantined: 0 };
  return { type: 'committed', taskId, counts: { returned: 0, ...none } };
};

test('behind opaque cursors a segment ends with a page that is behind its bound as a whole: one row may be out of order', () => {
  const frontier = new Frontier(opaque);
  frontier.add({ segment: 1, after: null, bound: at(20) });
  const scheduler = schedulerOver(frontier);
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  const [second = 0] = fetches(answered(scheduler, first, 'b'));
  const reaching = { ...scanned(first, at(30)), firstPosition: at(10) } as SchedulerEvent;
  const commands = scheduler.step([reaching], NOW_MS);
  expect(commands).toMatchObject([{ type: 'write', taskId: first, through: at(20) }]);
  const [third = 0] = fetches(answered(scheduler, second, 'c'));
  expect(scheduler.step([scanned(second, at(40))], NOW_MS)).toMatchObject([
    { type: 'write', taskId: second },
  ]);
  expect(fetches(answered(scheduler, third, 'd'))).toHaveLength(0);
  expect(scheduler.step([committed(first)], NOW_MS)).toEqual([]);
  expect(scheduler.step([committed(second)], NOW_MS)).toContainEqual({
    ...{ type: 'endSegment', segment: 1, isSuperseded: false },
  });
});

test('a segment is told to have ended when its last page is committed, and not before', () => {
  const scheduler = opaqueScheduler();
  const [taskId = 0] = fetches(scheduler.step([], NOW_MS));
  const last = { ...head(''), nextCursor: null, hasMore: false };
  expect(scheduler.step([{ type: 'head', taskId, head: last }], NOW_MS)).toEqual([]);
  expect(scheduler.step([scanned(taskId, at(9))], NOW_MS)).toMatchObject([{ type: 'write' }]);
  expect(scheduler.step([committed(taskId)], NOW_MS)).toMatchObject([
    { type: 'endSegment', segment: 1, isSuperseded: false },
    { type: 'finish' },
  ]);
});

describe('an answer to a built cursor that contradicts the order', () => {
  /** Two segments; the only page of the first has proved the seek, or not. */
  function seeking(isProven: boolean) {
    const frontier = new Frontier(built);
    frontier.add({ segment: 1, after: at(5), bound: at(900) });
    frontier.add({ segment: 2, after: at(900), bound: null });
    const scheduler = schedulerOver(frontier);
    const [first = 0] = fetches(scheduler.step([], NOW_MS));
    if (isProven) {
      answered(scheduler, first, '900', at(900));
    } else {
      scheduler.step([failed(first, { ...BAD, code: 'NETWORK' })], NOW_MS);
    }
    return { frontier, scheduler };
  }

  /** Answers the second segment's first page with the source's first page, as often as it is asked. */
  function contradict({ frontier, scheduler }: ReturnType<typeof seeking>): string[] {
    const told: string[] = [];
    let nowMs = NOW_MS;
    let taskId = 2;
    for (let answers = 0; frontier.canSeek && answers < 10; answers++) {
      const event = { type: 'head', taskId, head: head('100', at(100)) } as const;
      told.push(...notices(scheduler.step([event], nowMs)));
      nowMs += 30_000;
      const again = scheduler.step([], nowMs).find((command) => {
        return command.type === 'fetch' && command.segment === 2;
      });
      taskId = again?.type === 'fetch' ? again.taskId : taskId;
    }
    return told;
  }

  test('once ends all seeking where none has proved true', () => {
    expect(contradict(seeking(false))).toEqual(['seek_failed']);
  });

  test('may be a cache where one has: it is asked for twice more', () => {
    expect(contradict(seeking(true))).toEqual([
      'page_contradicted',
      'page_contradicted',
      'seek_failed',
    ]);
  });

  test('is given one more chance before a walk begins again for want of a cursor', () => {
    const frontier = new Frontier(built);
    frontier.add({ segment: 1, after: at(5), bound: null });
    const job = frontier.ready(NOW_MS);
    expect(job !== null && frontier.take(job, NOW_MS, 60_000)).toBe(true);
    if (job === null) return;
    expect(frontier.seekFailed(job, false)).toEqual([]);
    expect(frontier.canSeek).toBe(false);
    expect(frontier.take(job, NOW_MS, 60_000)).toBe(true);
    expect(job.cursor).toBe('built 5');
    frontier.seekFailed(job, false);
    expect(frontier.take(job, NOW_MS, 60_000)).toBe(false);
  });
});
