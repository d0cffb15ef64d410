/**
 * A ledger and a table in memory, made of pages as the writer accounts for them, and the proof over
 * both: `verify` without a database.
 */
import { digestAsBigint } from '../../src/core/digest.js';
import { comparePositions, type Position } from '../../src/core/position.js';
import { compareTable } from '../../src/database/verify/compare-table.js';
import { idText } from '../../src/database/verify/page-names.js';
import type { RowColumns } from '../../src/database/verify/row-decoder.js';
import { Strays } from '../../src/database/verify/strays.js';
import { minus, sumOf } from '../../src/database/verify/sums.js';
import type {
  Orphans,
  Verification,
  VerifiedPage,
  VerifiedRun,
} from '../../src/database/verify/verify-types.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import { selectRows } from '../../workers/writer/page-rows.js';
import { drawInteger, type Random } from './random.js';
import { NEWEST_MS, type TestRow, testPage } from './writer-pages.js';

/** A row of the table. */
export interface ModelRow {
  readonly id: string;
  /** NaN: NULL. */
  readonly ms: number;
  /** Beyond whole milliseconds. */
  readonly fractionUs?: number;
}

type MutablePage = { -readonly [Key in keyof VerifiedPage]: VerifiedPage[Key] };

export function randomId(random: Random): string {
  const bytes = Uint8Array.from({ length: 16 }, () => drawInteger(random, 0, 255));
  return idText(bytes);
}

/** Rows in the source's order, with ties, and some without a timestamp among them. */
export function randomSource(random: Random, count: number, untimedShare = 0): TestRow[] {
  let ms = NEWEST_MS;
  const rows = Array.from({ length: count }, () => {
    if (random() > 0.2) ms -= drawInteger(random, 1, 2000);
    return { id: randomId(random), ms };
  });
  rows.sort(comparePositions);
  return rows.map((row) => (random() < untimedShare ? { ...row, ms: Number.NaN } : row));
}

export class VerifyModel {
  readonly table = new Map<string, ModelRow>();
  readonly pages: MutablePage[] = [];
  readonly runs: VerifiedRun[] = [];
  readonly strays: { pageIndex: number; id: string; ms: number }[] = [];
  orphans: Orphans[] = [];

  addRun(origin: string, status: VerifiedRun['status'] = 'complete'): number {
    const run = this.runs.length + 1;
    this.runs.push({ run, source: 'test', origin, status });
    return run;
  }

  /** Commits a page: rows the table has stay as they are. */
  commit(page: PageWrite): void {
    const selected = selectRows(page);
    const { ids, occurredAtMs } = selected.columns;
    const idOf = (row: number): string => idText(ids.subarray(row * 16, row * 16 + 16));
    let inserted = 0;
    for (const row of selected.rows) {
      const id = idOf(row);
      if (this.table.has(id)) continue;
      this.table.set(id, { id, ms: occurredAtMs[row] as number });
      inserted++;
    }
    for (const row of selected.strays) {
      const pageIndex = this.pages.length;
      this.strays.push({ pageIndex, id: idOf(row), ms: occurredAtMs[row] as number });
    }
    const { covered, untimed, acceptedCount, rejects } = selected;
    const all = sumOf({
      count: covered.count,
      digest: digestAsBigint(covered),
      ms: BigInt(covered.occurredAtMsSum),
    });
    const { run, segment, hasMore, after, through } = page;
    this.pages.push({
      ...{ run, segment, page: page.page, hasMore, after, through },
      returned: acceptedCount + rejects.count,
      inserted,
      duplicate: acceptedCount - inserted,
      quarantined: rejects.count,
      kept: rejects.count,
      covered: covered.count,
      untimed: untimed.count,
      named: selected.strays.length,
      timed: minus(all, sumOf({ count: untimed.count, digest: digestAsBigint(untimed), ms: 0n })),
      unreadable: [],
    });
  }

  /** What `verify` says of a run. */
  verify(number: number): Promise<Omit<Verification, 'durationMs'>> {
    const run = this.runs.find((one) => one.run === number);
    if (run === undefined) throw new Error(`no run ${number}`);
    const strays = new Strays();
    const isOwn = ({ pageIndex }: { pageIndex: number }) => this.pages[pageIndex]?.run === number;
    const sorted = [...this.strays].sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
    for (const { pageIndex, id, ms } of sorted) strays.add({ pageIndex, id: bytesOf(id), ms });
    const { runs, pages, orphans } = this;
    return compareTable({ run, runs, pages, strays, orphans }, async (onRows) => {
      onRows(columnsOf([...this.table.values()]));
      return this.table.size;
    });
  }
}

export interface WalkSettings {
  readonly run: number;
  readonly segment: number;
  readonly limit: number;
  /** Rows of the page before that each page begins with. */
  readonly repeated?: number;
  /** Pages to walk at most. */
  readonly pagesMax?: number;
}

/** The pages of a walk over the whole source, as the program covers them. */
export function walk(source: readonly TestRow[], settings: WalkSettings): PageWrite[] {
  const { run, segment, limit, repeated = 0, pagesMax = Number.POSITIVE_INFINITY } = settings;
  const pages: PageWrite[] = [];
  let after: Position | null = null;
  for (let start = 0; start === 0 || start < source.length; ) {
    // A page ends at a row with a place, as the cursor names one.
    let end = Math.min(source.length, start + limit);
    while (end < source.length && Number.isNaN(source[end - 1]?.ms)) end++;
    const hasMore = end < source.length;
    const last = source[end - 1];
    const through: Position | null = hasMore && last !== undefined ? placeOf(last) : null;
    const rows = source.slice(Math.max(0, start - repeated), end);
    const fields = { run, segment, page: pages.length + 1, hasMore, after, through };
    pages.push(testPage(rows, { ...fields, nextCursor: hasMore ? 'next' : null }));
    if (!hasMore || pages.length === pagesMax) break;
    after = through;
    start = end;
  }
  return pages;
}

export function placeOf({ ms, id }: TestRow): Position {
  return { ms, id };
}

function bytesOf(id: string): Uint8Array {
  return Uint8Array.from(Buffer.from(id.replaceAll('-', ''), 'hex'));
}

export function columnsOf(rows: readonly ModelRow[]): RowColumns {
  const ids = new Uint8Array(rows.length * 16);
  rows.forEach(({ id }, row) => {
    ids.set(bytesOf(id), row * 16);
  });
  return {
    rowCount: rows.length,
    ids,
    occurredAtMs: Float64Array.from(rows, ({ ms }) => ms),
    fractionUs: Uint16Array.from(rows, ({ fractionUs = 0 }) => fractionUs),
  };
}
