/** Pages that say neither how many records they hold nor how many there are. */
import { expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import { fetches, head, NOW_MS, schedulerOver, sought } from '../support/stepped-scheduler.js';

/** Cursors that name the row behind which they lead; rows are a millisecond apart, newest first. */
const open = sought(({ ms }, expiresAtMs) => `${ms}|${expiresAtMs}`);

/** Plays flat pages of 100 rows, each scanned at once, until nothing is asked for. */
function playFlat(changes: Partial<SchedulerOptions>, pagesMax: number): SchedulerCommand[] {
  const frontier = new Frontier(open);
  frontier.add({ segment: 1, after: null, bound: null });
  const scheduler = schedulerOver(frontier, undefined, changes);
  const said: SchedulerCommand[] = [];
  let commands = scheduler.step([], NOW_MS);
  for (let page = 0; page < pagesMax && commands.length > 0; page++) {
    said.push(...commands);
    commands = commands.flatMap((command) => {
      if (command.type !== 'fetch') return [];
      const { taskId } = command;
      const startMs = Number(command.cursor?.split('|')[0] ?? 1_000_000);
      const flat = {
        ...head(`${startMs - 100}|0`, { ms: startMs - 100, id: 'a' }),
        returned: null,
        limit: null,
      };
      const firstPosition = { ms: startMs - 1, id: 'a' };
      const lastPosition = { ms: startMs - 100, id: 'a' };
      const scanned = { taskId, recordCount: 100, firstPosition, lastPosition, isDescending: true };
      const counts = {
        returned: 100,
        inserted: 100,
        updated: 0,
        duplicate: 0,
        known: 0,
        quarantined: 0,
      };
      return [
        ...scheduler.step([{ type: 'head', taskId, head: flat }], NOW_MS),
        ...scheduler.step([{ type: 'scanned', ...scanned }], NOW_MS),
        ...scheduler.step([{ type: 'committed', taskId, counts }], NOW_MS),
      ];
    });
  }
  return [...said, ...commands];
}

test('pages that say no count are counted by their records', () => {
  const commands = playFlat({ eventsMax: 300, concurrency: 1 }, 100);
  expect(commands.at(-1)).toMatchObject({
    type: 'finish',
    outcome: { status: 'paused', reason: '--max-events 300 reached' },
  });
  expect(fetches(commands).length).toBeLessThanOrEqual(4);
});

test('a walk over pages that say no count is cut in two as well', () => {
  expect(playFlat({}, 20).map(({ type }) => type)).toContain('splitSegment');
});
