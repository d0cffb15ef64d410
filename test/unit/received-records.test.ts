/** How many records of the source a run has: what its pages wrote, what they found, and what is held. */
import { describe, expect, test } from 'vitest';
import { ReceivedRecords } from '../../src/core/received-records.js';
import type { Position } from '../../src/paging/position.js';

const at = (ms: number): Position => ({ ms, id: 'a' });

describe('received records', () => {
  const page = (
    from: number | null,
    to: number | null,
    inserted: number,
    known = 0,
    quarantined = 0,
  ) => ({
    ...{ after: from === null ? null : at(from), through: to === null ? null : at(to) },
    ...{ returned: inserted + known + quarantined + 5, inserted, updated: 0, duplicate: known + 5 },
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

  test('of a walk that began again are no more than it found', () => {
    const earlier = { ...page(null, 50, 21), returned: 21, duplicate: 0 };
    const received = new ReceivedRecords([earlier]);
    const whole = { after: null, through: at(20), records: 35 };
    expect(received.count([whole], true)).toBe(35);
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
