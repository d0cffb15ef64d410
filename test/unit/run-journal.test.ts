/** What the loop tells the database beside the pages: in which order, and what becomes of it where it fails. */
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import type { Position } from '../../src/paging/position.js';
import {
  type HeldSegments,
  RunJournal,
  type RunJournalOptions,
} from '../../src/runtime/run-journal.js';

const FAULT: Fault = { code: 'LEASE_LOST', message: 'another has it', retryable: false };
const AT: Position = { ms: 5, id: 'a' };

/** A journal whose statements are told, and each answered when the test says so. */
function journalOver(options: Partial<RunJournalOptions> = {}) {
  const told: string[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const faults: Fault[] = [];
  const readerFaults: Fault[] = [];
  const ask = (text: string) => {
    told.push(text);
    return new Promise<void>((resolve, reject) => {
      answers.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  };
  const segments = {
    open: ({ segment }) => ask(`open ${segment}`),
    split: (segment, at, newSegment) => ask(`split ${segment} at ${at.ms} into ${newSegment}`),
    setBound: (segment, bound) => ask(`bound ${segment} ${bound?.ms}`),
    end: (ended) => ask(`end ${ended.join()}`),
    supersede: (segment) => ask(`supersede ${segment}`),
    give: (given) => ask(`give ${given.join()}`),
  } as Partial<HeldSegments> as HeldSegments;
  const journal = new RunJournal({
    ...{ run: 7, segments },
    store: {
      setSourceFacts: (run, { total }) => ask(`facts of ${run}: ${total}`),
      setLastError: (run, text) => ask(`error of ${run}: ${text}`),
    },
    reserveStarts: () => Promise.reject(new Error('nobody asks')),
    faultOf: (error) => (error instanceof IngestionError ? error.fault : FAULT),
    onSegmentFault: (fault) => faults.push(fault),
    onReaderFault: (fault) => readerFaults.push(fault),
    ...options,
  });
  /** The answer to the first statement that waits for one. */
  const answer = async (error?: Error): Promise<void> => {
    answers.shift()?.(error);
    await setImmediate();
  };
  return { journal, told, answer, faults, readerFaults };
}

const seed = (segment: number) => ({ segment, after: null, bound: null });

describe('what becomes of segments', () => {
  test('is told one by one, in the order in which it came to be', async () => {
    const { journal, told, answer } = journalOver();
    journal.segmentOpened(seed(1));
    journal.segmentSplit(1, AT, 2);
    journal.segmentBounded(2, null);
    journal.segmentSuperseded(1);
    journal.segmentsGiven([2, 3]);
    await setImmediate();
    expect(told).toEqual(['open 1']);
    const all = ['open 1', 'split 1 at 5 into 2', 'bound 2 undefined', 'supersede 1', 'give 2,3'];
    for (let count = 2; count <= all.length; count++) {
      await answer();
      expect(told).toEqual(all.slice(0, count));
    }
  });

  test.each([
    ['opened', (journal: RunJournal) => journal.segmentOpened(seed(4))],
    ['cut off', (journal: RunJournal) => journal.segmentSplit(1, AT, 4)],
  ])('a page waits for a segment that is being %s, and no longer', async (_, tell) => {
    const { journal, answer } = journalOver();
    expect(journal.opening(4)).toBeNull();
    tell(journal);
    let mayWrite = false;
    void journal.opening(4)?.then(() => {
      mayWrite = true;
    });
    await setImmediate();
    expect(mayWrite).toBe(false);
    expect(journal.opening(1)).toBeNull();
    await answer();
    expect([mayWrite, journal.opening(4)]).toEqual([true, null]);
  });

  test('a page of a segment that could not be opened waits no longer: the writer refuses it', async () => {
    const { journal, answer, faults } = journalOver();
    journal.segmentOpened(seed(4));
    const opening = journal.opening(4);
    await setImmediate();
    await answer(new IngestionError(FAULT));
    await opening;
    expect([faults, journal.opening(4)]).toEqual([[FAULT], null]);
  });

  test('what cannot be told ends the run, and nothing is told behind it', async () => {
    const { journal, told, answer, faults, readerFaults } = journalOver();
    journal.segmentSplit(1, AT, 2);
    journal.segmentSuperseded(1);
    await setImmediate();
    await answer(new Error('the driver says no'));
    journal.segmentsGiven([3]);
    journal.lastErrorSeen('HTTP 503');
    await setImmediate();
    expect([faults, readerFaults]).toEqual([[FAULT], []]);
    expect(told).toEqual(['split 1 at 5 into 2', 'error of 7: HTTP 503']);
  });
});

describe('ends', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const pass = async (ms: number): Promise<void> => {
    vi.advanceTimersByTime(ms);
    await setImmediate();
  };

  test('the first is told at once, and those of the next 100 ms together', async () => {
    const { journal, told, answer } = journalOver();
    journal.segmentEnded(1);
    await setImmediate();
    expect(told).toEqual(['end 1']);
    await answer();
    for (const segment of [2, 3, 4]) journal.segmentEnded(segment);
    await pass(99);
    expect(told).toEqual(['end 1']);
    await pass(1);
    expect(told).toEqual(['end 1', 'end 2,3,4']);
    await answer();
    await pass(100);
    journal.segmentEnded(5);
    await setImmediate();
    expect(told.at(-1)).toBe('end 5');
  });

  test('each is told once, however long nobody answers', async () => {
    const { journal, told, answer } = journalOver();
    for (let segment = 1; segment <= 3; segment++) {
      journal.segmentEnded(segment);
      await pass(100);
    }
    for (let asked = 0; asked < 3; asked++) await answer();
    expect(told).toEqual(['end 1', 'end 2', 'end 3']);
  });

  test('a flush tells those that wait, and waits until all is told', async () => {
    const { journal, told, answer } = journalOver();
    journal.segmentEnded(1);
    journal.segmentEnded(2);
    journal.segmentEnded(3);
    await setImmediate();
    let isFlushed = false;
    const flushing = journal.flush().then(() => {
      isFlushed = true;
    });
    await answer();
    expect([told, isFlushed]).toEqual([['end 1', 'end 2,3'], false]);
    await answer();
    await flushing;
    await pass(200);
    expect(told).toHaveLength(2);
  });

  test('a flush of nothing tells nothing', async () => {
    const { journal, told } = journalOver();
    await journal.flush();
    expect(told).toEqual([]);
  });

  test('one that cannot be told ends the run', async () => {
    const { journal, answer, faults } = journalOver();
    journal.segmentEnded(1);
    await setImmediate();
    await answer(new IngestionError(FAULT));
    expect(faults).toEqual([FAULT]);
  });
});

test('what is told for readers alone does not end the run when it cannot be told', async () => {
  const { journal, told, answer, faults, readerFaults } = journalOver();
  journal.sourceSeen({ total: 9, firstRequestAtMs: null });
  journal.lastErrorSeen('HTTP 503');
  await setImmediate();
  await answer(new IngestionError(FAULT));
  await answer(new IngestionError(FAULT));
  expect(told).toEqual(['facts of 7: 9', 'error of 7: HTTP 503']);
  expect([faults, readerFaults]).toEqual([[], [FAULT, FAULT]]);
});

describe('what is asked of the database', () => {
  const COUNTS = { inserted: 1, known: 2, quarantined: 3 };
  const SEEDS = { seeds: [seed(1)], isThrough: false };
  const asking = (segments: Partial<HeldSegments>, reserveStarts = async () => ({ count: 1 })) =>
    journalOver({
      segments: segments as HeldSegments,
      reserveStarts: reserveStarts as unknown as RunJournalOptions['reserveStarts'],
    }).journal;
  const refuse = () => Promise.reject(new IngestionError(FAULT));

  test('is answered', async () => {
    const journal = asking({ take: async () => SEEDS, countAll: async () => COUNTS });
    expect(await journal.seedsTaken(false)).toBe(SEEDS);
    expect(await journal.allCounted()).toBe(COUNTS);
    expect(await journal.startsReserved({} as never)).toEqual({ count: 1 });
  });

  test('is a fault where it cannot be', async () => {
    const journal = asking({ take: refuse, countAll: refuse }, refuse);
    expect(await journal.seedsTaken(false)).toEqual({ fault: FAULT });
    expect(await journal.allCounted()).toEqual({ fault: FAULT });
    expect(await journal.startsReserved({} as never)).toEqual({ fault: FAULT });
  });

  test('does not wait for what is told', async () => {
    const { journal } = journalOver({
      segments: {
        open: () => new Promise(() => {}),
        take: async () => SEEDS,
      } as Partial<HeldSegments> as HeldSegments,
    });
    journal.segmentOpened(seed(1));
    expect(await journal.seedsTaken(false)).toBe(SEEDS);
  });
});
