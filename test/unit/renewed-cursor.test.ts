/** Opaque cursors that near their end while their page waits for credit: they are renewed by the page before. */
import { expect, test } from 'vitest';
import { Credits } from '../../src/core/credits.js';
import { Frontier } from '../../src/core/frontier.js';
import { PageSize } from '../../src/core/page-size.js';
import type { Scheduler } from '../../src/core/scheduler.js';
import { at } from '../support/played-scheduler.js';
import {
  fetches,
  head,
  NOW_MS,
  opaque,
  scanned,
  schedulerOver,
} from '../support/stepped-scheduler.js';

const LATE_MS = NOW_MS + opaque.cursorLifeMs - 50_000;
const COUNTS = { returned: 100, inserted: 100, updated: 0, duplicate: 0, known: 0, quarantined: 0 };

function answered(scheduler: Scheduler, taskId: number, cursor: string) {
  return scheduler.step([{ type: 'head', taskId, head: head(cursor) }], NOW_MS);
}

/** The second page waits for credit, and its cursor nears its end. */
function waiting(pageSize = new PageSize(100)) {
  const frontier = new Frontier(opaque);
  frontier.add({ segment: 1, after: null, bound: null });
  const credits = new Credits({ bytesMax: 1_000, expectedPageBytes: 1_000 });
  const scheduler = schedulerOver(frontier, undefined, { pageSize, credits });
  const [first = 0] = fetches(scheduler.step([], NOW_MS));
  answered(scheduler, first, 'b');
  scheduler.step([scanned(first, at(1))], NOW_MS);
  return { scheduler, first };
}

test('a renewal that leads to another place is no renewal', () => {
  const { scheduler, first } = waiting();
  scheduler.step([{ type: 'committed', taskId: first, counts: COUNTS }], NOW_MS);
  const [second = 0] = [first + 1];
  const [third = 0] = [second + 1];
  answered(scheduler, second, 'c');
  const [refresh] = scheduler.step([], LATE_MS);
  expect(refresh).toMatchObject({ type: 'fetch', taskId: third, page: 3, isHeadOnly: true });
  // The answer of the first page, as from a cache.
  answered(scheduler, third, 'b');
  scheduler.step([{ type: 'refreshed', taskId: third }], LATE_MS);
  scheduler.step([scanned(second, at(2))], LATE_MS);
  const commands = scheduler.step(
    [{ type: 'committed', taskId: second, counts: COUNTS }],
    LATE_MS + 1_000,
  );
  expect(commands).toMatchObject([{ type: 'fetch', page: 3, cursor: 'c', isHeadOnly: false }]);
});

test('a renewal that comes when its page was asked for changes nothing of it', () => {
  const { scheduler, first } = waiting();
  const [refresh = 0] = fetches(scheduler.step([], LATE_MS));
  const counted = { type: 'committed', taskId: first, counts: COUNTS } as const;
  const [second = 0] = fetches(scheduler.step([counted], LATE_MS));
  answered(scheduler, refresh, 'renewed');
  scheduler.step([{ type: 'refreshed', taskId: refresh }], LATE_MS);
  answered(scheduler, second, 'c');
  const written = scheduler.step([scanned(second, at(2))], LATE_MS);
  expect(written).toContainEqual(expect.objectContaining({ type: 'write', page: 2, cursor: 'b' }));
});

test('a cursor is renewed by the page before in its old size, though pages have grown since', () => {
  const pageSize = new PageSize(5000, 100);
  const { scheduler } = waiting(pageSize);
  expect(pageSize.current).toBeGreaterThan(100);
  expect(scheduler.step([], LATE_MS)).toMatchObject([
    { type: 'fetch', page: 2, cursor: null, isHeadOnly: true, limit: 100 },
  ]);
});
