/** A segment that was cut behind the end of a source that refuses to serve what lies there. */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { Frontier } from '../../src/core/frontier.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import { at, built } from '../support/played-scheduler.js';
import { failed, head, NOW_MS, scanned, schedulerOver } from '../support/stepped-scheduler.js';

const GONE: Fault = {
  ...{ code: 'UNEXPECTED_STATUS', message: 'HTTP 404', retryable: true, status: 404 },
};

describe('the refusal of the first page of a cut segment', () => {
  function refuse(fault: Fault): SchedulerCommand[] {
    const frontier = new Frontier(built);
    frontier.add({ segment: 1, after: null, bound: null });
    const scheduler = schedulerOver(frontier);
    scheduler.step([], NOW_MS);
    scheduler.step([{ type: 'head', taskId: 1, head: head('to 100', at(100)) }], NOW_MS);
    scheduler.step([scanned(1, at(100))], NOW_MS);
    frontier.split(1, at(900), 2);
    const asked = scheduler.step([], NOW_MS);
    const cut = asked.find((command) => command.type === 'fetch' && command.segment === 2);
    if (cut?.type !== 'fetch') throw new Error('the cut segment asks for its first page');
    return scheduler.step([failed(cut.taskId, fault)], NOW_MS);
  }

  test('leaves its stretch to the chain before it', () => {
    const said = refuse(GONE);
    expect(said).toContainEqual({ type: 'endSegment', segment: 2, isSuperseded: true });
    expect(said).toContainEqual({ type: 'boundSegment', segment: 1, bound: null });
    expect(said).toContainEqual(
      expect.objectContaining({ notice: expect.objectContaining({ event: 'cut_refused' }) }),
    );
  });

  test('where that chain was told of the end is asked for again, as what may not be there', () => {
    const frontier = new Frontier(built);
    frontier.add({ segment: 1, after: null, bound: at(100) });
    frontier.add({ segment: 2, after: at(100), bound: null });
    const scheduler = schedulerOver(frontier);
    scheduler.step([], NOW_MS);
    const last = { ...head('', at(100)), nextCursor: null, nextPosition: null, hasMore: false };
    const asked = scheduler.step([{ type: 'head', taskId: 1, head: last }], NOW_MS);
    const said = [...asked, ...scheduler.step([scanned(1, at(100))], NOW_MS)];
    const ahead = said.find((command) => command.type === 'fetch' && command.segment === 2);
    if (ahead?.type !== 'fetch') throw new Error('the segment behind asks for its page');
    expect(ahead.isBehindEnd).toBeUndefined();
    const again = scheduler.step([failed(ahead.taskId, GONE)], NOW_MS);
    expect(again).toContainEqual(
      expect.objectContaining({ type: 'fetch', segment: 2, isBehindEnd: true }),
    );
  });

  test.each([
    ['says that the server is not well', { code: 'HTTP_STATUS', status: 500 }],
    ['says that the page is spoilt', { code: 'PAGE_MALFORMED', status: 200 }],
  ] as const)('is asked for again where it %s', (_, changes) => {
    const said = refuse({ ...GONE, ...changes });
    expect(said).not.toContainEqual(expect.objectContaining({ type: 'endSegment' }));
    expect(said).toContainEqual(
      expect.objectContaining({ notice: expect.objectContaining({ event: 'page_retried' }) }),
    );
  });
});
