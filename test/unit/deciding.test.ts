import { describe, expect, test } from 'vitest';
import { Credits } from '../../src/core/credits.js';
import type { Fault, FaultCode } from '../../src/core/fault.js';
import { PageSize } from '../../src/core/page-size.js';
import { QuarantineLimit } from '../../src/core/quarantine-limit.js';
import { Splitter } from '../../src/core/splitter.js';
import { Utilisation } from '../../src/core/utilisation.js';
import { LOWEST_ID } from '../../src/paging/position.js';

const fault = (code: FaultCode, retryable = true): Fault => ({ code, message: code, retryable });

describe('credits', () => {
  test('no page is asked for that would outgrow them', () => {
    const credits = new Credits({ bytesMax: 5, expectedPageBytes: 2 });
    credits.reserve(1);
    credits.reserve(2);
    expect(credits.hasRoom).toBe(false);
    credits.release(1);
    expect(credits.hasRoom).toBe(true);
  });

  test('pages that weigh nothing are bounded in number', () => {
    const credits = new Credits({ bytesMax: 1e9, expectedPageBytes: 1 });
    let pages = 0;
    while (credits.hasRoom) credits.reserve(pages++);
    expect(pages).toBe(1_500);
    credits.release(0);
    expect(credits.hasRoom).toBe(true);
  });

  test('a page that is larger than all of them is still asked for, alone', () => {
    const credits = new Credits({ bytesMax: 1, expectedPageBytes: 2 });
    expect(credits.hasRoom).toBe(true);
    credits.reserve(1);
    expect(credits.hasRoom).toBe(false);
  });

  test('what pages really weigh corrects what the next are expected to', () => {
    const credits = new Credits({ bytesMax: 10, expectedPageBytes: 1 });
    credits.reserve(1);
    credits.correct(1, 6);
    expect(credits.heldBytes).toBe(6);
    expect(credits.hasRoom).toBe(false);
  });
});

describe('page size', () => {
  const broken: Fault = { ...fault('HTTP_STATUS'), status: 502 };

  test('a size that is refused goes down the common ones, and never back to it', () => {
    const size = new PageSize(5000);
    expect(size.refused(5000)).toBe(true);
    expect(size.current).toBe(2500);
    expect(size.refused(2500)).toBe(true);
    expect(size.refused(2000)).toBe(true);
    expect(size.current).toBe(1000);
    size.succeeded(null, 1000);
    size.succeeded(null, 1000);
    expect(size.current).toBe(1000);
  });

  test('an earlier refusal that comes late changes nothing', () => {
    const size = new PageSize(5000);
    size.refused(1000);
    expect(size.refused(5000)).toBe(true);
    expect(size.current).toBe(500);
  });

  test('nothing is smaller than one record', () => {
    expect(new PageSize(1).refused(1)).toBe(false);
  });

  test('a failure under a small size does not ask for more', () => {
    const size = new PageSize(5000);
    size.refused(60);
    size.failed(broken, 2);
    expect(size.current).toBe(50);
  });

  test('one failure changes nothing: a small page costs as much of the limit as a large one', () => {
    const size = new PageSize(5000);
    size.failed(broken, 1);
    expect(size.current).toBe(5000);
  });

  test('it halves when a page fails again, and grows back', () => {
    const size = new PageSize(5000);
    size.failed(broken, 2);
    expect(size.current).toBe(2500);
    size.succeeded(2500);
    expect(size.current).toBe(5000);
  });

  test('an answer to an earlier, smaller question is no cap', () => {
    const size = new PageSize(5000, 100);
    expect(size.current).toBe(100);
    size.succeeded(100, 100);
    size.succeeded(100, 100);
    expect(size.current).toBe(400);
    expect(size.cap).toBe(5000);
  });

  test('a silent cap is learned from the answer', () => {
    const size = new PageSize(5000);
    size.succeeded(1000);
    expect(size.current).toBe(1000);
    expect(size.cap).toBe(1000);
  });

  test('a body that is too large halves it at once', () => {
    const size = new PageSize(5000);
    size.failed(fault('BODY_TOO_LARGE'), 1);
    expect(size.current).toBe(2500);
  });
});

describe('splitter', () => {
  const place = (ms: number) => ({ ms, id: 'aa' });

  test('it cuts the largest remainder in its middle, behind all rows of an instant', () => {
    const splitter = new Splitter(0);
    splitter.observe({ from: place(10_000), through: place(9900), rows: 10, total: 1000 });
    const split = splitter.best([
      { segment: 1, after: place(9900), isAfterKnown: true, bound: place(9000) },
      { segment: 2, after: place(9000), isAfterKnown: true, bound: place(4000) },
    ]);
    expect(split).toEqual({
      segment: 2,
      at: { ms: 6450, id: LOWEST_ID },
      bound: place(4000),
      leftMs: 4900,
    });
  });

  test('the open end is guessed from the total and the density', () => {
    const splitter = new Splitter(0);
    splitter.observe({ from: place(10_000), through: place(9900), rows: 10, total: 1000 });
    const split = splitter.best([
      { segment: 1, after: place(9900), isAfterKnown: true, bound: null },
    ]);
    // 990 rows of 10 ms each are left, one page of them in flight.
    expect(split?.at.ms).toBe(Math.floor((9800 + 0) / 2));
  });

  test('where no total is said, as much is guessed to be left as was read', () => {
    const splitter = new Splitter(90);
    splitter.observe({ from: place(10_000), through: place(9900), rows: 10, total: null });
    const split = splitter.best([
      { segment: 1, after: place(9900), isAfterKnown: true, bound: null },
    ]);
    // 100 rows of 10 ms each.
    expect(split?.at.ms).toBe((9800 + 8900) / 2);
  });

  test('nothing is cut behind the end, however much the total says is left', () => {
    const splitter = new Splitter(0);
    splitter.observe({ from: place(10_000), through: place(9900), rows: 10, total: 1000 });
    splitter.observe({ from: null, through: null, rows: 0, total: 1000, endMs: 9500 });
    for (const bound of [place(9000), null]) {
      const remainder = { segment: 1, after: place(9900), isAfterKnown: true, bound };
      expect(splitter.best([remainder])).toBeNull();
    }
  });

  test('a row behind what was taken for the end shows that it is none', () => {
    const splitter = new Splitter(0);
    splitter.observe({ from: null, through: null, rows: 0, total: null, endMs: 9950 });
    splitter.observe({ from: place(10_000), through: place(9900), rows: 10, total: 1000 });
    const remainder = { segment: 1, after: place(9900), isAfterKnown: true, bound: null };
    expect(splitter.best([remainder])?.at.ms).toBe(9800 / 2);
  });

  test('a page whose rows are one place reaches from where it starts', () => {
    const splitter = new Splitter(0);
    const third = { from: place(-3), through: place(-3), after: place(-2), rows: 20, total: 400 };
    splitter.observe(third);
    const remainder = { segment: 1, after: place(-3), isAfterKnown: true, bound: null };
    // 380 rows are left on 19 pages, the first of them in flight.
    expect(splitter.best([remainder])?.at.ms).toBe(Math.floor((-4 - 22) / 2));
  });

  test('what is too short is left whole', () => {
    const splitter = new Splitter(0);
    splitter.observe({ from: place(10_000), through: place(9900), rows: 10, total: null });
    const short = { segment: 1, after: place(9900), isAfterKnown: true, bound: place(9500) };
    expect(splitter.best([short])).toBeNull();
    expect(splitter.best([{ ...short, bound: null }])).toBeNull();
  });
});

describe('quarantine limit', () => {
  const page = (returned: number, quarantined: number) => ({
    returned,
    inserted: returned - quarantined,
    updated: 0,
    duplicate: 0,
    known: 0,
    quarantined,
  });

  test('a run that would only fill the quarantine ends, and says where to look', () => {
    const limit = new QuarantineLimit(0.01);
    expect(limit.add(page(5000, 50))).toBeNull();
    expect(limit.add(page(5000, 51))).toMatchObject({
      code: 'QUARANTINE_LIMIT',
      message: expect.stringContaining('101 of 10000'),
    });
  });

  test('a handful of records is no share to judge by', () => {
    expect(new QuarantineLimit(0).add(page(999, 999))).toBeNull();
    expect(new QuarantineLimit(0).add(page(1000, 1))).not.toBeNull();
  });

  test.each([
    ['all of a few records', 0.01, page(500, 500), false],
    ['most of a few records', 0.01, page(500, 251), false],
    ['half of a few records', 0.01, page(500, 250), true],
    ['more than that, as is permitted', 0.9, page(500, 450), true],
    ['more than is permitted', 0.9, page(500, 451), false],
    ['all, as is permitted', 1, page(500, 500), true],
    ['no record at all', 0, page(0, 0), true],
    ['a share of many', 0.01, page(1000, 11), false],
  ])('at the end of a run: %s', (_, shareMax, counts, isComplete) => {
    const limit = new QuarantineLimit(shareMax);
    limit.add(counts);
    expect(limit.atEnd() === null).toBe(isComplete);
  });

  test('what earlier processes of the run have committed counts', () => {
    expect(new QuarantineLimit(0.01, page(500, 500)).atEnd()).not.toBeNull();
    expect(new QuarantineLimit(0.01, page(999, 20)).add(page(1, 0))).not.toBeNull();
  });
});

describe('utilisation', () => {
  const window = { quota: 2, windowMs: 1000, kind: 'window', from: 'announced' } as const;
  const bucket = { ...window, kind: 'leaky bucket' } as const;

  function usedBy(...startsMs: number[]): Utilisation {
    const used = new Utilisation();
    for (const atMs of startsMs) used.add(atMs);
    return used;
  }

  test('it compares whole windows with the time that they took', () => {
    const used = usedBy(0, 1, 1010, 1011, 2040);
    expect(used.value([window])).toBeCloseTo(2000 / 2040);
  });

  test('of a bucket that leaks it compares each request behind the first burst', () => {
    const used = usedBy(0, 1, 550, 1100);
    expect(used.value([bucket])).toBeCloseTo(1000 / 1100);
  });

  test('of several limits the one that was used most counts', () => {
    const used = usedBy(0, 1, 1010, 1011, 2040);
    expect(used.value([{ ...window, quota: 4 }, window])).toBeCloseTo(2000 / 2040);
  });

  test('what is permitted is what the tightest limit of the time permits', () => {
    const day = { ...window, quota: 50, windowMs: 86_400_000 };
    const permitted = (durationMs: number) => usedBy().permitted([day, window], durationMs);
    expect([0, 999, 1000, 2500].map(permitted)).toEqual([2, 2, 4, 6]);
    expect(permitted(60_000)).toBe(50);
    expect(usedBy().permitted([bucket], 1600)).toBe(5);
    expect(usedBy().permitted([], 1000)).toBeNull();
  });

  test('it is unknown before a window has passed, without a limit, and with an assumed one', () => {
    const used = usedBy(0, 1);
    expect(used.value([window])).toBeNull();
    used.add(1010);
    expect(used.value([])).toBeNull();
    expect(used.value([{ ...window, from: 'assumed' }])).toBeNull();
  });
});
