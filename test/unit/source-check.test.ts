/** What a check of a source shows of an API: its records in short, and what does not fit the file. */
import { describe, expect, test } from 'vitest';
import type { LimitStatement } from '../../src/core/limit-headers.js';
import type { RecordColumn, WriterTarget } from '../../src/protocol/record-target.js';
import { checkRecords } from '../../src/session/sources/check-records.js';
import {
  announcedWords,
  declaredWords,
  incrementalWords,
} from '../../src/session/sources/paging-words.js';
import { inShort, withoutSecrets } from '../../src/session/sources/shown-values.js';
import { readRepositoryFile } from '../support/repository.js';
import { planOf } from '../support/source-files.js';

const SECRET = 'a"secret/1';

describe('a record in short', () => {
  test('has its long texts, lists and depths cut', () => {
    const record = {
      text: 'x'.repeat(41),
      list: [1, 2, 3],
      deep: { a: { b: { c: 1 } } },
    };
    expect(inShort(record)).toEqual({
      text: `${'x'.repeat(39)}…`,
      list: [1, 2, '… 3 in all'],
      deep: { a: { b: '…' } },
    });
    const wide = Object.fromEntries(Array.from({ length: 14 }, (_, nth) => [`f${nth}`, nth]));
    expect(Object.entries(inShort(wide) as object).at(-1)).toEqual(['…', '2 more']);
  });

  test('leaves out what has the name of a secret', () => {
    const record = { webhook_secret: 'abc', author: 'me', key: 'PRJ-1', token: null };
    expect(inShort(record)).toEqual({ ...record, webhook_secret: '[secret]' });
  });
});

test('known secrets are taken out in every form, and JSON stays JSON', () => {
  const json = JSON.stringify({ echo: SECRET, url: `?k=${encodeURIComponent(SECRET)}` });
  expect(JSON.parse(withoutSecrets(json, [SECRET, '']))).toEqual({
    echo: '[secret]',
    url: '?k=[secret]',
  });
  expect(withoutSecrets('a short one is a word', ['short'])).toBe('a short one is a word');
});

describe('the records of a page', () => {
  const column = (name: string, type: RecordColumn['type'] = null): RecordColumn => ({
    ...{ name, path: [name], type, isNullable: false },
  });
  const target = (key: readonly RecordColumn[]): WriterTarget => ({
    ...{ reads: 'database', schema: 's', table: 't', key, disposition: 'append' },
    ...{ timePath: ['made'], cursor: null, columns: [] },
  });
  const plan = { primaryKey: ['id'], timePath: 'made' };
  const check = (texts: readonly string[], key = [column('id')]) =>
    checkRecords(texts, plan, target(key), (text) => text);

  test('that fit are well: the key has its type, the time its first value', () => {
    expect(check(['{"id":1}', '{"id":2,"made":"2024-01-01"}'])).toEqual({
      ...{ first: '{"id":1}', key: [{ name: 'id', type: 'bigint' }], time: '2024-01-01' },
      faults: [],
    });
    expect(check(['{"id":1}'], [column('id', 'text')]).key).toEqual([{ name: 'id', type: 'text' }]);
  });

  test('without the key, or with it twice, are counted', () => {
    expect(check(['{"id":1,"made":1}', '{"id":1}', '{}']).faults).toEqual([
      '1 of 3 records of the first page have no primary_key id',
      '1 of 3 records of the first page have the primary_key id of another one',
    ]);
    const digits = ['{"id":9007199254740993,"made":1}', '{"id":9007199254740992}'];
    expect(check(digits)).toMatchObject({ first: digits[0], faults: [] });
  });

  test('without the time are a fault, and a page without records is none', () => {
    expect(check(['{"id":1}']).faults).toEqual([
      'no record of the first page has anything at time made',
    ]);
    expect(check([])).toMatchObject({ first: null, time: null, faults: [] });
  });
});

describe('limits in words', () => {
  const statement: LimitStatement = {
    ...{ name: 'ratelimit', quota: 60, remaining: 57, windowMs: 60_000, windowUnitMs: 1000 },
    ...{ reset: null, isLeaky: false },
  };

  test('say what an answer announces', () => {
    const observed = { limits: [statement], retryAfter: null };
    expect(announcedWords(observed)).toBe('ratelimit: 60 requests, in 60 s, 57 left');
    expect(announcedWords({ limits: [], retryAfter: null })).toBeNull();
    expect(announcedWords(null)).toBeNull();
  });

  test('say what a file declares', () => {
    const any = { path: null, method: null, quota: null, windowMs: null, concurrency: null };
    const limits = [
      { ...any, quota: 6, windowMs: 1000 },
      { ...any, path: '/search', method: 'GET', concurrency: 4 },
    ];
    expect(declaredWords(limits)).toBe('6 in 1 s; GET /search: 4 at once');
    expect(declaredWords([])).toBeNull();
  });
});

test.each([
  ['github', 'issues', 'from the highest updated_at on, sent in params.since'],
  ['notion', 'pages', 'on, sent in json.filter.last_edited_time.on_or_after'],
  ['shopify', 'orders', 'from the highest updatedAt on, sent in json.variables.query'],
  ['example-time-window', 'readings', 'from the highest time on: the windows begin there'],
  ['datasync', 'events', 'from the highest timestamp on: the newest come first'],
])('how later runs of %s %s go on is told', (source, name, words) => {
  const { streams } = planOf(readRepositoryFile(`sources/${source}.yaml`), source);
  const stream = streams.find((one) => one.name === name);
  expect(stream === undefined ? null : incrementalWords(stream)).toContain(words);
});

test('nothing is told of streams without incremental', () => {
  const [stream] = planOf(readRepositoryFile('sources/hubspot.yaml'), 'hubspot').streams;
  expect(stream === undefined ? '' : incrementalWords(stream)).toBeNull();
});
