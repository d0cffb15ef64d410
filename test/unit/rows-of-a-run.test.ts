/** How many rows a run has, and how many records: what its pages wrote, and what they found. */
import { describe, expect, test } from 'vitest';
import { ReceivedRecords } from '../../src/core/received-records.js';
import { RunStats } from '../../src/observe/run-stats.js';
import type { Position } from '../../src/paging/position.js';

const at = (ms: number): Position => ({ ms, id: 'a' });

describe('rows of a run', () => {
  const commit = (stats: RunStats, inserted: number, duplicate: number, known: number): void =>
    stats.committed(
      {
        ...{ type: 'committed', method: 'copy', isNew: true, writeMs: 1, committedAtMs: 0 },
        counts: { returned: inserted + duplicate, inserted, duplicate, known, quarantined: 0 },
        buffers: { body: new ArrayBuffer(0), columns: new ArrayBuffer(0) },
      },
      0,
    );
  const earlier = { pages: 2, returned: 60, inserted: 40, duplicate: 20, quarantined: 0, rows: 55 };

  test('are those that its pages wrote and those that were there before it, each once', () => {
    const stats = new RunStats({ earlier, walksAgain: false });
    expect(stats.eventsIngested).toBe(55);
    commit(stats, 10, 8, 3);
    expect(stats.eventsIngested).toBe(68);
    expect(stats.eventsIngestedHere).toBe(18);
  });

  test('that were there are found anew by a walk that begins again', () => {
    const resumed = new RunStats({ earlier, walksAgain: true });
    expect(resumed.eventsIngested).toBe(40);
    const stats = new RunStats({ earlier, walksAgain: false });
    stats.noticed({ event: 'walk_restarted', segment: 1, page: 1, message: '' });
    commit(stats, 0, 20, 15);
    expect(stats.eventsIngested).toBe(55);
  });

  test('are those of the ledger at the end', () => {
    const stats = new RunStats({ earlier, walksAgain: false });
    commit(stats, 10, 30, 30);
    stats.recount(70);
    expect(stats.eventsIngested).toBe(70);
  });
});

describe('received records', () => {
  const page = (from: number, to: number | null, inserted: number, known = 0, quarantined = 0) => ({
    ...{ after: at(from), through: to === null ? null : at(to) },
    ...{ returned: inserted + known + quarantined + 5, inserted, duplicate: known + 5 },
    ...{ known, quarantined },
  });
  const held = (from: number, to: number, records: number) => ({
    ...{ after: at(from), through: at(to), records },
  });

  test('are what was written, found and set aside, and what is held behind all pages', () => {
    const received = new ReceivedRecords([page(100, 50, 30, 4, 2)]);
    expect(received.count([held(50, 20, 10)], true)).toBe(46);
  });

  test('of a held page whose stretch is committed already are none', () => {
    const received = new ReceivedRecords([page(100, 50, 30)]);
    received.add(page(50, null, 10), page(50, null, 10));
    expect(received.count([held(50, 20, 10)], true)).toBe(40);
    expect(received.count([held(100, 60, 50)], true)).toBe(40 + 15);
  });

  test('of a walk that begins again are found anew', () => {
    expect(
      new ReceivedRecords([page(100, 50, 30, 4)], { restarts: true, returned: 0 }).count([], true),
    ).toBe(30);
  });

  test('without an order are no more than are stored, nor than this walk was given', () => {
    const received = new ReceivedRecords([page(100, 50, 30, 4)]);
    expect(received.count([held(100, 50, 6)], false)).toBe(40);
    received.walkFrom({ restarts: true, returned: 0 });
    expect(received.count([held(100, 50, 6)], false)).toBe(6);
  });
});
