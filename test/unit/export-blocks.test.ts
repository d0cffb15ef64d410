import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXPORT_FORMATS, exportStatement } from '../../src/database/export/export-sql.js';
import { RowBlocks } from '../../src/database/export/row-blocks.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';

function gather(rows: readonly Buffer[]): Buffer[] {
  const blocks: Buffer[] = [];
  const gathered = new RowBlocks((block) => blocks.push(block));
  for (const row of rows) gathered.add(row, 0, row.length);
  gathered.flush();
  return blocks;
}

describe('blocks', () => {
  test('hold the rows in order and whole, however long they are', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 12 });
    fc.assert(
      fc.property(lengths, (sizes) => {
        const rows = sizes.map((size, index) => Buffer.alloc(size, index + 1));
        expect(Buffer.concat(gather(rows)).equals(Buffer.concat(rows))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('are few: a thousand short rows make one, and nothing makes none', () => {
    expect(gather(Array.from({ length: 1_000 }, () => Buffer.from('row\n')))).toHaveLength(1);
    expect(gather([])).toEqual([]);
  });

  test('that were handed on are never written to again', () => {
    const first = Buffer.alloc(200_000, 1);
    const second = Buffer.alloc(200_000, 2);
    const [one, two] = gather([first, second]);
    expect(one?.equals(first)).toBe(true);
    expect(two?.equals(second)).toBe(true);
  });
});

describe('the statement of an export', () => {
  test('orders by id only when that is asked for', () => {
    for (const format of EXPORT_FORMATS) {
      expect(exportStatement(EVENTS_TABLE, format, 'id')).toMatch(/ORDER BY "id"\) TO STDOUT/);
      expect(exportStatement(EVENTS_TABLE, format, 'ingested')).not.toMatch(/ORDER BY/);
    }
  });
});
