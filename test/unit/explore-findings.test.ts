import { describe, expect, test } from 'vitest';
import { roundest } from '../../src/core/round-span.js';
import { emptyCensus } from '../../src/explore/census.js';
import { emptyNotebook } from '../../src/explore/explore.js';
import { Extent } from '../../src/explore/extent.js';
import { median, percentile } from '../../src/explore/finding.js';
import { aboutCursors } from '../../src/explore/findings/about-cursors.js';
import { typicalLatencies } from '../../src/explore/findings/about-latency.js';
import { aboutPages } from '../../src/explore/findings/about-pages.js';
import { readCursorForm } from '../../src/explore/findings/cursor-form.js';
import type { Notebook, PageSeen } from '../../src/explore/observations.js';
import { streamPages } from '../../src/explore/stream-pages.js';
import { HIGHEST_ID, type Position } from '../../src/paging/position.js';
import { datasync } from '../support/datasync.js';
import { drawInteger, seededRandom } from '../support/random.js';
import { seenPage } from '../support/seen-pages.js';

const NEWEST_MS = 1_769_541_612_369;

const PAGES = streamPages(datasync, 'http://api.example/api/v1');

function pageOf(records: readonly unknown[], changes: Partial<PageSeen> = {}): PageSeen {
  const page = seenPage(PAGES, { data: records, hasMore: true, nextCursor: 'AbCd-opaque' });
  if (page === null) throw new Error('the sample is a page');
  return { ...page, ...changes };
}

function notebookOf(pages: PageSeen[], census = emptyCensus()): Notebook {
  return { ...emptyNotebook(PAGES.subject), pages, census };
}

function uuid(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

describe('order and ties', () => {
  const said = (positions: readonly Position[]) => {
    const records = positions.map(({ ms, id }) => ({ id, timestamp: ms }));
    const found = aboutCursors(notebookOf([pageOf(records)]));
    const value = (name: string) => found.find((finding) => finding.name === name)?.value;
    return { order: value('order'), ties: value('order.ties') };
  };

  test('every order is told from the others, over random rows', () => {
    const random = seededRandom(11);
    for (let run = 0; run < 300; run++) {
      const rows = Array.from({ length: drawInteger(random, 30, 80) }, (_, row) => ({
        ms: NEWEST_MS - drawInteger(random, 0, 20) * 1_000,
        id: uuid(row * 7 + drawInteger(random, 0, 6)),
      }));
      const time = drawInteger(random, 0, 1) === 0 ? 'newest first' : 'oldest first';
      const ids = drawInteger(random, 0, 1) === 0 ? 'id descending' : 'id ascending';
      rows.sort((a, b) => {
        const byTime = time === 'newest first' ? b.ms - a.ms : a.ms - b.ms;
        const byId = a.id < b.id ? -1 : 1;
        return byTime !== 0 ? byTime : ids === 'id ascending' ? byId : -byId;
      });
      expect(said(rows)).toEqual({ order: time, ties: ids });
    }
  });

  test('rows in no order are said to be so', () => {
    const rows = [3, 1, 2].map((second, row) => ({ ms: NEWEST_MS + second, id: uuid(row) }));
    expect(said(rows)).toEqual({ order: 'not ordered by time', ties: null });
  });

  test('without ties their order is unknown', () => {
    const rows = [3, 2, 1].map((second, row) => ({ ms: NEWEST_MS + second, id: uuid(row) }));
    expect(said(rows)).toEqual({ order: 'newest first', ties: null });
  });
});

describe('records', () => {
  test('fields, types and shares are told', () => {
    const census = emptyCensus();
    const records = [
      { id: uuid(1), timestamp: NEWEST_MS, note: 'a', tags: [] },
      { id: uuid(2), timestamp: new Date(NEWEST_MS).toISOString(), note: null },
      { id: 'short', timestamp: 'yesterday', note: 'b' },
      'no object',
    ];
    const json = { data: records, hasMore: false, nextCursor: null };
    const page = seenPage(PAGES, json, { limit: 4 }, census);
    expect(page?.positions.map((position) => position?.ms ?? null)).toEqual([
      NEWEST_MS,
      NEWEST_MS,
      null,
      null,
    ]);
    const found = aboutPages(notebookOf(page === null ? [] : [page], census), PAGES.fields);
    const fields = found.find(({ name }) => name === 'record.fields')?.value;
    expect(fields).toBe(
      'id: uuid or string in 75 %; timestamp: number or ISO 8601 or string in 75 %; ' +
        'note: string or null in 75 %; tags: array in 25 %',
    );
    const odd = found.find(({ name }) => name === 'record.odd-share');
    expect(odd).toMatchObject({ value: 75, unit: '%' });
    expect(odd?.evidence).toBe(
      '1 no objects, 1 with an id of another form, 1 with a time that no rule reads',
    );
  });

  test('what is no page of the source is none', () => {
    for (const json of [null, [], { data: [] }, { hasMore: true, nextCursor: 'a' }, undefined]) {
      expect(seenPage(PAGES, json, { limit: 4 })).toBeNull();
    }
  });
});

describe('extent', () => {
  /** Rows one a second; a page of 100 behind the sought depth. */
  function seek(total: number, depthMs: number): PageSeen {
    const start = Math.ceil(depthMs / 1_000);
    const rows = Array.from({ length: Math.max(0, Math.min(100, total - start)) }, (_, row) => ({
      id: HIGHEST_ID,
      ms: NEWEST_MS - (start + row) * 1_000,
    }));
    const page = pageOf([]);
    const hasMore = start + rows.length < total;
    return {
      ...page,
      envelope: { ...page.envelope, hasMore },
      recordCount: rows.length,
      positions: rows,
      soughtDepthMs: depthMs,
      askedCursor: depthMs === 0 ? null : `${depthMs}`,
    };
  }

  test('the end is found within a tenth by few seeks, wherever it is', () => {
    const random = seededRandom(3);
    for (let run = 0; run < 200; run++) {
      const total = Math.round(10 ** (2.3 + random() * 4));
      const extent = new Extent();
      extent.observe(seek(total, 0));
      let seeks = 0;
      while (!extent.isKnown && seeks < 12) {
        const [depthMs = 0] = extent.next(1);
        extent.observe(seek(total, depthMs));
        seeks++;
      }
      expect(seeks, `${total}`).toBeLessThanOrEqual(11);
      const { rows = 0 } = extent.estimate() ?? {};
      expect(Math.abs(rows / total - 1), `${total} taken for ${rows}`).toBeLessThan(0.1);
    }
  });

  test('as long as nothing empty was met, the end is unknown', () => {
    const extent = new Extent();
    extent.observe(seek(1_000_000, 0));
    expect(extent.estimate()).toBeNull();
    expect(extent.next(2)).toEqual([99_000 * 8, 99_000 * 64]);
  });

  test('a page that holds everything is counted', () => {
    const extent = new Extent();
    extent.observe(seek(40, 0));
    expect(extent.estimate()).toMatchObject({ rows: 40, isExact: true });
  });
});

test('a page size that the answer names and did not show is announced', () => {
  const page = pageOf([{ id: uuid(1), timestamp: NEWEST_MS }]);
  const short = { ...page, envelope: { ...page.envelope, limit: 100 }, askedLimit: null };
  const sure = (pages: PageSeen[]) =>
    aboutPages(notebookOf(pages), PAGES.fields).find(({ name }) => name === 'page.default-size')
      ?.confidence;
  expect(sure([short])).toBe('announced');
  expect(sure([{ ...short, recordCount: 100 }])).toBe('measured');
});

describe('small tools', () => {
  test.each([
    [59_000, 60_000, 60_000],
    [1_100, 1_600, 1_500],
    [118_700, 121_000, 120_000],
    [1_001, 1_009, 1_009],
    [500, 1_004, 1_000],
  ])('between %i and %i the roundest is %i', (low, high, expected) => {
    expect(roundest(low, high)).toBe(expected);
  });

  test('median and percentile', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([1, 2, 3, 4])).toBe(2.5);
    expect(
      percentile(
        Array.from({ length: 20 }, (_, index) => index + 1),
        0.95,
      ),
    ).toBe(19);
  });

  test('an accident among few samples is no rule; among many it counts', () => {
    expect(typicalLatencies([30, 28, 92, 31])).toEqual([30, 28, 31]);
    const many = [...Array.from({ length: 19 }, () => 30), 92];
    expect(typicalLatencies(many)).toEqual(many);
  });

  test.each([
    [btoa('{"id":"a","ts":1,"v":2,"exp":1769541612369}'), 'base64 JSON', NEWEST_MS],
    [btoa('{"id":1500000}').replace(/=+$/, ''), 'base64 JSON', null],
    ['{"after":"x"}', 'JSON', null],
    ['1500000', 'number', null],
    ['u8-Zb0Qk_x9', 'opaque', null],
  ])('the cursor %s is %s', (cursor, name, expiresAtMs) => {
    expect(readCursorForm(cursor)).toMatchObject({ name, expiresAtMs });
  });
});
