/** What the scheduler makes of an API that has not answered, or not with a page, so far. */
import { expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { Frontier } from '../../src/core/frontier.js';
import { PageSize } from '../../src/core/page-size.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import {
  failed,
  fetches,
  head,
  NOW_MS,
  opaque,
  opaqueScheduler,
  schedulerOver,
} from '../support/stepped-scheduler.js';

const REFUSED: Fault = {
  ...{ code: 'NETWORK', retryable: true, remedy: 'Check API_BASE_URL' },
  message: 'no answer from http://api.test: the connection was refused (ECONNREFUSED)',
};
const NOT_FOUND: Fault = {
  ...{ code: 'UNEXPECTED_STATUS', message: 'HTTP 404 (http://api.test/x)', retryable: true },
};
const TOO_MANY: Fault = { code: 'LIMIT_REFUSED', message: 'HTTP 400', retryable: true };

const finish = (commands: readonly SchedulerCommand[]) =>
  commands.find(({ type }) => type === 'finish');
const limits = (commands: readonly SchedulerCommand[]) =>
  commands.flatMap((command) => (command.type === 'fetch' ? [command.limit] : []));

/** A request that got no answer at all. */
const unanswered = (taskId: number, fault: Fault) => ({ ...failed(taskId, fault), headAtMs: null });

test('an API that never answers ends the run within a minute, with address, cause and remedy', () => {
  const scheduler = opaqueScheduler();
  let nowMs = NOW_MS;
  let commands = scheduler.step([], nowMs);
  while (finish(commands) === undefined) {
    const [taskId] = fetches(commands);
    const events = taskId === undefined ? [] : [unanswered(taskId, REFUSED)];
    commands = scheduler.step(events, nowMs);
    if (finish(commands) !== undefined) break;
    nowMs = scheduler.wakeAtMs;
    commands = scheduler.step([], nowMs);
  }
  expect(nowMs - NOW_MS).toBeLessThanOrEqual(60_000);
  expect(finish(commands)).toMatchObject({
    outcome: {
      status: 'paused',
      reason: expect.stringMatching(
        /^nothing has answered in \d+ s: segment 1, page 1: no answer from http:\/\/api\.test: .*ECONNREFUSED\)\. Check API_BASE_URL$/,
      ),
    },
  });
});

test('an unexpected status before any page ends it at once', () => {
  const scheduler = opaqueScheduler();
  const [taskId = 0] = fetches(scheduler.step([], NOW_MS));
  expect(finish(scheduler.step([failed(taskId, NOT_FOUND)], NOW_MS))).toMatchObject({
    outcome: { status: 'failed', fault: { message: expect.stringContaining('http://api.test/x') } },
  });
});

test('and after a page it is asked for again', () => {
  const scheduler = opaqueScheduler();
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  const [second = 0] = fetches(
    scheduler.step([{ type: 'head', taskId: first, head: head('b') }], NOW_MS),
  );
  const commands = scheduler.step([failed(second, NOT_FOUND)], NOW_MS);
  expect(commands).toMatchObject([{ type: 'notice', notice: { event: 'page_retried' } }]);
  expect(fetches(scheduler.step([], scheduler.wakeAtMs))).toHaveLength(1);
});

test('a page size that is refused is asked for again, smaller and at once, and then kept', () => {
  const frontier = new Frontier(opaque);
  frontier.add({ segment: 1, after: null, bound: null });
  const scheduler = schedulerOver(frontier, undefined, { pageSize: new PageSize(5000) });
  let commands = scheduler.step([], NOW_MS);
  for (const limit of [2500, 2000, 1000]) {
    commands = scheduler.step([failed(fetches(commands)[0] ?? 0, TOO_MANY)], NOW_MS);
    expect(commands[0]).toMatchObject({ type: 'notice', notice: { event: 'page_size_refused' } });
    expect(limits(commands)).toEqual([limit]);
  }
  const facts = { ...head('b'), limit: null, returned: 1000 };
  const event = { type: 'head', taskId: fetches(commands)[0] ?? 0, head: facts } as const;
  expect(limits(scheduler.step([event], NOW_MS))).toEqual([1000]);
});

test('one record that is refused is final', () => {
  const frontier = new Frontier(opaque);
  frontier.add({ segment: 1, after: null, bound: null });
  const scheduler = schedulerOver(frontier, undefined, { pageSize: new PageSize(1) });
  const [taskId = 0] = fetches(scheduler.step([], NOW_MS));
  const commands = scheduler.step([failed(taskId, TOO_MANY)], NOW_MS);
  expect(finish(commands)).toMatchObject({
    outcome: { status: 'failed', fault: { code: 'LIMIT_REFUSED' } },
  });
});
