import { describe, expect, test } from 'vitest';
import type { ShownRecord } from '../../src/database/quarantine.js';
import {
  contentText,
  listText,
  placeText,
  readPlace,
  shownText,
} from '../../src/session/quarantine/quarantine-text.js';

const NOTE = '; raw_text has its bytes in base64';

function shown(changes: Partial<ShownRecord>): ShownRecord {
  const rawText = changes.rawText ?? '{"id":1}';
  return {
    ...{ run: 3, segment: 0, page: 17, index: 4, source: 'shop', stream: 'orders' },
    ...{ tableName: '"shop"."orders"', reason: 'no field "id"', rawText, rawChars: rawText.length },
    ...{ cursor: null, requestId: null, fetchedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5) },
    ...changes,
  };
}

test('a place is read as it is printed, and nothing else is one', () => {
  const place = { run: 3, segment: 0, page: 17, index: 4 };
  expect(placeText(place)).toBe('3/0/17/4');
  expect(readPlace('3/0/17/4')).toEqual(place);
  for (const text of ['', '3/0/17', '3/0/17/x', '3/0/17/4/5', '-3/0/17/4', '3/0/17/99999999999']) {
    expect(readPlace(text), text).toBeNull();
  }
});

describe('the text of a record', () => {
  test('is indented where it is JSON, and as it came where it is none', () => {
    expect(contentText(shown({ rawText: '{"id":[1]}' }))).toBe('{\n  "id": [\n    1\n  ]\n}');
    expect(contentText(shown({ rawText: '{"id":' }))).toBe('{"id":');
  });

  test('is decoded where its reason says that it is in base64', () => {
    const rawText = `base64:${Buffer.from('{"id":"\xff"}', 'latin1').toString('base64')}`;
    expect(contentText(shown({ rawText, reason: `no UTF-8${NOTE}` }))).toContain('"id": "\ufffd"');
    expect(contentText(shown({ rawText }))).toBe(rawText);
  });

  test('that is cut says where the whole is', () => {
    const text = contentText(shown({ rawText: '{"id":', rawChars: 90_000 }));
    expect(text).toContain('90,000 characters in all');
    expect(text).toContain('run = 3 AND segment = 0 AND page = 17 AND index = 4');
  });
});

test('a record is shown with where it came from, within the columns of a terminal', () => {
  const text = shownText(shown({ cursor: 'c'.repeat(200), requestId: 'r-1' }));
  expect(text).toContain('shop.orders, record 4 of page 17 of segment 0, run 3');
  expect(text).toContain('2026-01-02T03:04:05Z');
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('the list says how many groups it leaves out, and of which run the rows are gone', () => {
  const group = {
    ...{ source: 'shop', stream: 'orders', run: 3, reason: 'no field "id"', records: 1 },
    ...{ firstSeenMs: null, lastSeenMs: null, replacedBy: 4 },
    example: { run: 3, segment: 0, page: 17, index: 4 },
  };
  const text = listText({ groups: [group], groupsInAll: 5, recordsInAll: 1_234 });
  expect(text).toContain('shop.orders, run 3: 1 record\n');
  expect(text).toContain('run 4 has replaced the rows');
  expect(text).toContain('`datasync quarantine show 3/0/17/4 --source shop`');
  expect(text).toContain('1,234 records in quarantine.');
  expect(text).toContain('4 more groups');
  expect(listText({ groups: [], groupsInAll: 0, recordsInAll: 0 })).toBe(
    'No record is in quarantine.',
  );
});
