import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTimestamp } from '../../src/source/timestamp.js';
import { openPage } from '../../workers/fetch/page.js';
import { datasync } from '../support/datasync.js';
import { elementText, nulMember, page, pageText } from '../support/hostile-pages.js';
import {
  nestedEnvelope,
  readPage,
  rejectsOf,
  rowsOf,
  type SampleRow,
  samplePage,
} from '../support/sample-pages.js';

// Method: pages are made of values that are hostile to a byte scanner, written in several layouts,
// and read twice: by the worker's code, and by JSON.parse with rules written down here once more.

interface Reading {
  readonly rows: readonly Omit<SampleRow, 'text'>[];
  readonly values: readonly unknown[];
  readonly rejectIndexes: readonly number[];
}

/** What a page holds, by JSON.parse. */
function referenceReading(text: string): Reading {
  const rows: Omit<SampleRow, 'text'>[] = [];
  const values: unknown[] = [];
  const rejectIndexes: number[] = [];
  const { data } = JSON.parse(text) as { data: unknown[] };
  data.forEach((record, index) => {
    const row = referenceRow(record);
    if (row === null) {
      rejectIndexes.push(index);
    } else {
      rows.push(row);
      values.push(record);
    }
  });
  return { rows, values, rejectIndexes };
}

function referenceRow(record: unknown): Omit<SampleRow, 'text'> | null {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return null;
  const { id, timestamp: time = null } = record as { id?: unknown; timestamp?: unknown };
  if (typeof id !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    return null;
  if (time === null) return { id: id.toLowerCase(), occurredAtMs: null };
  if (typeof time !== 'string' && typeof time !== 'number') return null;
  const occurredAtMs = readTimestamp(time);
  return occurredAtMs === null ? null : { id: id.toLowerCase(), occurredAtMs };
}

function workerReading(text: string): Reading {
  const read = readPage(text);
  if (read.type === 'fault') throw new Error(read.fault.message);
  const rows = rowsOf(read, text);
  return {
    rows: rows.map(({ id, occurredAtMs }) => ({ id, occurredAtMs })),
    values: rows.map((row) => JSON.parse(row.text) as unknown),
    rejectIndexes: rejectsOf(read, text).map((reject) => reject.index),
  };
}

/** The record with one more member; what is no record stays as it is. */
function withMember(element: string, member: string): string {
  if (!element.startsWith('{')) return element;
  return /^\{\s*\}$/.test(element) ? `{${member}}` : `{${member},${element.slice(1)}`;
}

/** A scanner as one writes it first: blind to nesting and escapes. */
function naiveReading(text: string): Reading {
  const rows = [...text.matchAll(/"id":"([0-9a-f-]{36})".*?"timestamp":(\d+|"[^"]*")/g)].map(
    ([, id = '', time = '']) => ({
      id,
      occurredAtMs: readTimestamp(JSON.parse(time) as string | number),
    }),
  );
  return { rows, values: [], rejectIndexes: [] };
}

/** Whether a reader agrees with JSON.parse on any page. */
function agreesWithParse(reading: (text: string) => Reading) {
  return fc.property(page, (text) => {
    expect(reading(text)).toEqual(referenceReading(text));
  });
}

describe('the scanner', () => {
  test('agrees with JSON.parse on pages made to mislead it', () => {
    fc.assert(agreesWithParse(workerReading), { numRuns: 2000 });
  }, 60_000);

  test('is tested by a property that a naive scanner fails', () => {
    expect(fc.check(agreesWithParse(naiveReading), { numRuns: 2000 }).failed).toBe(true);
  });

  test('refuses the records in which \\u0000 stands, wherever it stands, and no other', () => {
    const elements = fc.array(fc.tuple(elementText, fc.option(nulMember)), { maxLength: 4 });
    fc.assert(
      fc.property(elements, (drawn) => {
        const texts = drawn.map(([element, nul]) =>
          nul === null ? element : withMember(element, nul),
        );
        const { rejectIndexes } = referenceReading(
          pageText(
            drawn.map(([text]) => text),
            'nested',
            '',
          ),
        );
        const planted = texts.flatMap((text, index) => (text === drawn[index]?.[0] ? [] : [index]));
        const refused = [...new Set([...rejectIndexes, ...planted])].sort((a, b) => a - b);
        expect(workerReading(pageText(texts, 'nested', '')).rejectIndexes).toEqual(refused);
      }),
      { numRuns: 1000 },
    );
  });

  test('reads the same envelope from the tail as from the whole page', () => {
    fc.assert(
      fc.property(page, (text) => {
        const opened = openPage(Buffer.from(text), datasync);
        if (opened.type === 'fault') throw new Error(opened.fault.message);
        const read = datasync.readEnvelope(JSON.parse(text));
        expect(opened.early?.envelope).toEqual(read.type === 'envelope' && read.envelope);
      }),
      { numRuns: 1000 },
    );
  });

  test('needs no alignment of the body within its buffer', () => {
    const text = samplePage(7);
    for (let offset = 0; offset < 8; offset++) {
      const shifted = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]).subarray(offset);
      const read = readPage(shifted);
      expect(read.type === 'proved' && read.rowCount).toBe(7);
    }
  });
});

/** Cuts of the text that are no whole page, but were taken for one. */
function acceptedCuts(text: string, isPage: (cut: Buffer) => boolean): number[] {
  const bytes = Buffer.from(text);
  const whole = Buffer.from(text.trimEnd()).length;
  const cuts = Array.from({ length: whole }, (_, length) => length);
  return cuts.filter((length) => isPage(bytes.subarray(0, length)));
}

describe('a page cut short', () => {
  test('is a fault at any byte', () => {
    fc.assert(
      fc.property(page, (text) => {
        expect(acceptedCuts(text, (cut) => readPage(cut).type === 'proved')).toEqual([]);
      }),
      { numRuns: 80 },
    );
  }, 60_000);

  test('is a fault at any byte of a usual page, even with stale bytes behind it in the buffer', () => {
    const text = samplePage(4);
    const stale = Buffer.from(new ArrayBuffer(text.length + 4), 0, text.length);
    stale.write(text);
    const isPage = (cut: Buffer) => readPage(stale.subarray(0, cut.length)).type === 'proved';
    expect(acceptedCuts(text, isPage)).toEqual([]);
  });

  test('would be accepted by a reader that takes what it has, so the suite can fail', () => {
    const lenient = (cut: Buffer) => cut.includes('},{') || cut.includes('}]');
    expect(acceptedCuts(samplePage(4), lenient)).not.toEqual([]);
  });
});

describe('the order of a page', () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), {
    minLength: 1,
    maxLength: 6,
  });

  test('is recognised exactly when each row follows its predecessor', () => {
    fc.assert(
      fc.property(rows, (places) => {
        const records = places.map(([ms, id]) => ({
          id: `0000000${id}-0000-4000-8000-000000000000`,
          timestamp: 1_769_541_612_000 + ms,
        }));
        const text = JSON.stringify({ data: records, ...nestedEnvelope(records.length) });
        const read = readPage(text);
        if (read.type === 'fault') throw new Error(read.fault.message);
        const instants = records.map(({ timestamp }) => timestamp);
        const descending = instants.toSorted((a, b) => b - a);
        expect(read.isDescending).toBe(String(instants) === String(descending));
        expect(read.firstPosition).toEqual({ ms: records[0]?.timestamp, id: records[0]?.id });
        expect(read.lastPosition?.id).toBe(records.at(-1)?.id);
      }),
    );
  });
});
