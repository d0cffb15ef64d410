/** How many rows a run has: what its pages wrote, and what they found. */
import { describe, expect, test } from 'vitest';
import { RunStats } from '../../src/observe/run-stats.js';

describe('rows of a run', () => {
  const commit = (stats: RunStats, inserted: number, duplicate: number, known: number): void =>
    stats.committed(
      {
        ...{ type: 'committed', method: 'copy', isNew: true, writeMs: 1, committedAtMs: 0 },
        counts: {
          returned: inserted + duplicate,
          inserted,
          updated: 0,
          duplicate,
          known,
          quarantined: 0,
        },
        buffers: { body: new ArrayBuffer(0), columns: new ArrayBuffer(0) },
      },
      0,
    );
  const earlier = {
    pages: 2,
    returned: 60,
    inserted: 40,
    updated: 0,
    duplicate: 20,
    quarantined: 0,
    rows: 55,
  };

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
