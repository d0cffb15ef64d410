/** Bodies that are no JSON: told by their first bytes, and never quoted. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { otherForm } from '../../workers/fetch/body-forms.js';
import { samplePage } from '../support/sample-pages.js';

const JSON_TEXT = '{"items":[{"id":1}]}';
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

describe('a body that is no JSON', () => {
  test.each<[string, Buffer]>([
    ['gzip of 40 bytes that no Content-Encoding', gzipSync(JSON_TEXT)],
    ['ZIP', Buffer.from('PK\u0003\u0004rest', 'latin1')],
    ['UTF-16 of 40 bytes', utf16(JSON_TEXT)],
    ['UTF-16', utf16(`\ufeff${JSON_TEXT}`)],
    ['UTF-16', utf16(JSON_TEXT).swap16()],
    ['an HTML document of 28 bytes', Buffer.from('<!doctype html><p>secret</p>')],
    ['an HTML document', Buffer.from('\n <HTML lang="en">secret')],
    ['an XML document', Buffer.from('<?xml version="1.0"?><items>secret</items>')],
    ['an XML document', Buffer.from('\ufeff<feed>')],
    ['NDJSON of 18 bytes', Buffer.from('{"id":1}\n{"id":2}\n'.trim().concat('\n'))],
    ['NDJSON', Buffer.from('{"id":1}\r\n\r\n{"id":"secret"}')],
    ['NDJSON', Buffer.from('[1]\n[2]\n')],
  ])('is %s', (what, body) => {
    const form = otherForm(body);
    expect(form?.what).toContain(what);
    expect(form?.what).not.toContain('secret');
  });

  test('is told by its type where its bytes do not tell', () => {
    expect(otherForm(Buffer.from('id;name'), 'text/csv')?.what).toBe('CSV of 7 bytes');
    expect(otherForm(Buffer.from('{"id":1}'), 'application/x-ndjson')?.what).toContain('NDJSON');
    expect(otherForm(Buffer.alloc(0), 'text/csv')).toBeNull();
  });
});

test.each([
  '',
  ' ',
  JSON_TEXT,
  `\ufeff${JSON_TEXT}`,
  `${JSON_TEXT}\n`,
  `${JSON_TEXT}${JSON_TEXT}`,
  `${JSON_TEXT}\nx`,
  '{"id":1}\n[1]',
  '{"text":"a\\n{"}',
  samplePage(3),
  samplePage(3).slice(0, 400),
  JSON.stringify([{ a: 1 }], null, 2),
  'upstream connect error',
])('what may be JSON that was spoilt is none: %#', (body) => {
  expect(otherForm(Buffer.from(body))).toBeNull();
});
