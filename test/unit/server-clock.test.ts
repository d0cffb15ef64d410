import { describe, expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import { ServerClock } from '../../src/core/server-clock.js';
import { fetches, NOW_MS, schedulerOver, sought } from '../support/stepped-scheduler.js';

const HOUR_MS = 3_600_000;
const TTL_MS = 120_000;

describe('the server clock', () => {
  test('is ours until an answer has a date', () => {
    const clock = new ServerClock();
    clock.observe(null, NOW_MS);
    expect(clock.at(NOW_MS)).toBe(NOW_MS);
  });

  test.each([HOUR_MS, -HOUR_MS])('is read from dates: %d ms ahead', (aheadMs) => {
    const clock = new ServerClock();
    clock.observe(NOW_MS + aheadMs, NOW_MS + 400);
    expect(clock.at(NOW_MS + 5000)).toBe(NOW_MS + aheadMs + 4600);
  });

  test('is not put back by a page from a cache, and follows a jump ahead at once', () => {
    const clock = new ServerClock();
    clock.observe(NOW_MS, NOW_MS);
    clock.observe(NOW_MS - HOUR_MS, NOW_MS);
    expect(clock.at(NOW_MS)).toBe(NOW_MS);
    clock.observe(NOW_MS + HOUR_MS, NOW_MS);
    expect(clock.at(NOW_MS)).toBe(NOW_MS + HOUR_MS);
  });

  test('is put back when all answers say so', () => {
    const clock = new ServerClock();
    clock.observe(NOW_MS + HOUR_MS, NOW_MS);
    for (let answer = 0; answer < 5; answer++) clock.observe(NOW_MS, NOW_MS);
    expect(clock.at(NOW_MS)).toBe(NOW_MS);
  });
});

describe('a built cursor that is refused as expired', () => {
  const paging = sought((_, expiresAtMs) => `${expiresAtMs}`, TTL_MS);
  const dead = { code: 'CURSOR_EXPIRED', message: 'it has expired', retryable: true } as const;
  const times = { sentAtMs: NOW_MS, headAtMs: NOW_MS, limits: null };

  function resumed() {
    const frontier = new Frontier(paging);
    frontier.add({ segment: 1, after: { ms: 5, id: 'a' }, bound: null });
    return schedulerOver(frontier);
  }

  test("is built again by the server's clock", () => {
    const scheduler = resumed();
    const [first] = scheduler.step([], NOW_MS);
    expect(first).toMatchObject({ type: 'fetch', cursor: `${NOW_MS + TTL_MS}` });
    const refused = { ...times, taskId: 1, fault: dead, dateMs: NOW_MS + HOUR_MS };
    const commands = scheduler.step([{ type: 'failed', ...refused }], NOW_MS);
    expect(commands.at(-1)).toMatchObject({
      type: 'fetch',
      cursor: `${NOW_MS + HOUR_MS + TTL_MS}`,
    });
  });

  test('twice is a seek that failed, and not the end of the run', () => {
    const scheduler = resumed();
    let commands = scheduler.step([], NOW_MS);
    for (let refusal = 0; refusal < 2; refusal++) {
      const [taskId = 0] = fetches(commands);
      commands = scheduler.step([{ type: 'failed', taskId, fault: dead, ...times }], NOW_MS);
    }
    expect(commands).toMatchObject([
      { type: 'notice', notice: { event: 'seek_failed' } },
      { type: 'notice', notice: { event: 'walk_restarted' } },
      { type: 'openSegment', seed: { after: null } },
      { type: 'endSegment', segment: 1, isSuperseded: true },
      { type: 'fetch', cursor: null },
    ]);
  });
});
