/** Ends of the source where other members have a part of it: their records count, as they are at each look. */
import { describe, expect, test } from 'vitest';
import type { SegmentSeed } from '../../src/core/segment.js';
import { RunJournal } from '../../src/runtime/run-journal.js';
import { built, Played } from '../support/played-scheduler.js';

const WHOLE: SegmentSeed = { segment: 1, after: null, bound: null };
const SHORT_END = { hasMore: false, count: 36, total: 300 } as const;

/** A page of a source of 300, and one of 36 that says there is no more. */
function shortened(): Played {
  const played = new Played([WHOLE], built, { isShared: true });
  played.answer(1, 100, { total: 300 });
  played.answer(1, 136, SHORT_END);
  return played;
}

function told(played: Played, inserted: number): void {
  played.step([{ type: 'othersTold', counts: { inserted, known: 0, quarantined: 0 } }]);
}

describe('an end that comes before all announced records', () => {
  test('waits for what other members have received', () => {
    const played = shortened();
    expect(played.said).toContainEqual({ type: 'othersWanted' });
    expect(played.asks(1)).toBe(false);
    expect(played.scheduler.phase).toBe('atEnd');
    told(played, 264);
    expect(played.written).toEqual([[1, null]]);
  });

  test('tells others of the records that it holds', () => {
    const played = shortened();
    expect(played.scheduler.heldRecords).toBe(36);
    told(played, 264);
    expect(played.scheduler.heldRecords).toBe(0);
  });

  test('that is asked for again counts anew what they have received by then', () => {
    const played = shortened();
    told(played, 100);
    expect(played.notices).toEqual(['page_contradicted']);
    played.answer(1, 136, SHORT_END);
    expect(played.said).toContainEqual({ type: 'othersWanted' });
    told(played, 264);
    expect(played.written).toEqual([[1, null]]);
  });
});

test('others are counted behind what was told of segments before', async () => {
  const done: string[] = [];
  const taken = async (): Promise<void> => {};
  let release = (): void => {};
  const journal = new RunJournal({
    run: 1,
    store: { setSourceFacts: taken, setLastError: taken },
    segments: {
      ...{ open: taken, split: taken, setBound: taken, end: taken, supersede: taken },
      give: () =>
        new Promise((resolve) => {
          release = () => {
            done.push('given');
            resolve();
          };
        }),
      take: async () => ({ seeds: [], isThrough: false }),
      countAll: async () => {
        done.push('counted');
        return { inserted: 1, known: 0, quarantined: 0 };
      },
    },
    reserveStarts: async () => ({ granted: 0, others: new Map() }),
    faultOf: (error) => {
      throw error;
    },
    onSegmentFault: () => {},
    onReaderFault: () => {},
  });
  journal.segmentsGiven([1]);
  const counting = journal.allCounted();
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual([]);
  release();
  expect(await counting).toMatchObject({ inserted: 1 });
  expect(done).toEqual(['given', 'counted']);
});
