import { describe, expect, test } from 'vitest';
import { ReceivedRecords } from '../../src/core/received-records.js';
import type { Position } from '../../src/paging/position.js';

const at = (ms: number): Position => ({ ms, id: '00000000-0000-4000-8000-000000000000' });

function committed(after: Position | null, through: Position | null, count: number) {
  const counts = { returned: count, inserted: count, duplicate: 0, known: 0, quarantined: 0 };
  return { after, through, ...counts };
}

describe('records that were received', () => {
  const earlier = [committed(null, at(900), 10), committed(at(900), at(800), 11)];

  test('of a page that is held and goes on are new', () => {
    const held = [{ after: at(800), through: at(700), records: 30 }];
    expect(new ReceivedRecords(earlier).count(held, true)).toBe(51);
  });

  test('of a walk that began again are no more than it found', () => {
    const held = [{ after: null, through: at(700), records: 35 }];
    expect(new ReceivedRecords(earlier).count(held, true)).toBe(35);
  });

  test('are all that were returned where the order does not tell what was walked twice', () => {
    const held = [{ after: null, through: at(700), records: 35 }];
    expect(new ReceivedRecords(earlier).count(held, false)).toBe(56);
  });
});
