/**
 * A ledger and a table in memory, made of pages as the writer accounts for them, and the proof over
 * both: `verify` without a database.
 */

import { compareTable, tableDifferences } from '../../src/database/verify/compare-table.js';
import type { RowIds } from '../../src/database/verify/read-table.js';
import { verification } from '../../src/database/verify/verification.js';
import type {
  Orphans,
  OwnedRows,
  Verification,
  VerifiedPage,
  VerifiedRun,
} from '../../src/database/verify/verify-types.js';
import { comparePositions, formatPosition, type Position } from '../../src/paging/position.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import { FULL_PASS } from '../../src/source/pass.js';
import { type OwnerPage, selectRows, uuidText } from '../../workers/writer/page-rows.js';
import { digestOfRows } from '../../workers/writer/row-digest.js';
import { EVENTS_SHAPE } from '../../workers/writer/table-shape.js';
import { drawInteger, type Random } from './random.js';
import { NEWEST_MS, type TestRow, testPage } from './writer-pages.js';

/** A row of the table. */
export interface ModelRow {
  readonly id: string;
  /** NaN: NULL. */
  readonly ms: number;
  /** The id of its page; null: none. */
  readonly owner: number | null;
}

type MutablePage = { -readonly [Key in keyof VerifiedPage]: VerifiedPage[Key] };

export function randomId(random: Random): string {
  const bytes = Uint8Array.from({ length: 16 }, () => drawInteger(random, 0, 255));
  return uuidText(bytes, 0);
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

/** A complete run over these rows, 10 a page, whose pages have the ids from 1 on. */
export function walkedRun(source: readonly TestRow[]): { model: VerifyModel; run: number } {
  const model = new VerifyModel();
  const run = model.addRun('a');
  for (const page of walk(source, { run, segment: 1, limit: 10 })) model.commit(page);
  return { model, run };
}

export class VerifyModel {
  readonly table = new Map<string, ModelRow>();
  readonly pages: MutablePage[] = [];
  readonly runs: VerifiedRun[] = [];
  orphans: Orphans[] = [];
  unownedBefore = 0;

  addRun(origin: string, status: VerifiedRun['status'] = 'complete'): number {
    const run = this.runs.length + 1;
    this.runs.push({ run, source: 'test', stream: 'events', origin, status });
    return run;
  }

  /** Commits a page: rows the table has stay as they are. */
  commit(given: OwnerPage): void {
    const page = { ...given, id: this.pages.length + 1 };
    const selected = selectRows(page, EVENTS_SHAPE);
    const { ids, occurredAtMs } = selected.columns;
    const written: number[] = [];
    let known = 0;
    for (const row of selected.rows) {
      const id = uuidText(ids, row);
      const found = this.table.get(id);
      if (found !== undefined) known += Number(this.#runOf(found) !== page.run);
      else {
        this.table.set(id, { id, ms: occurredAtMs[row] as number, owner: page.id });
        written.push(row);
      }
    }
    const { acceptedCount, rejects } = selected;
    const { id, run, segment, cursor, nextCursor, hasMore, isOrdered, after, through } = page;
    const inserted = written.length;
    this.pages.push({
      ...{ id, run, segment, page: page.page, cursor, nextCursor, hasMore, isOrdered },
      after: after && formatPosition(after),
      through: through && formatPosition(through),
      returned: acceptedCount + rejects.count,
      ...{
        inserted,
        updated: 0,
        duplicate: acceptedCount - inserted,
        known,
        differing: 0,
        superseded: 0,
      },
      ...{ quarantined: rejects.count, kept: rejects.count },
      digest: String(digestOfRows({ ...selected, rows: Uint32Array.from(written) })),
      dataDigest: null,
      retried: 0,
    });
  }

  /** What `verify` says of a run. @param strangers rows of a page that another transaction wrote */
  verify(number: number, strangers: RowIds = new Map()): Omit<Verification, 'durationMs'> {
    const run = this.runs.find((one) => one.run === number);
    if (run === undefined) throw new Error(`no run ${number}`);
    const { pages, orphans, unownedBefore } = this;
    const others = { unownedBefore, takenFromOthers: 0 };
    const read = { pass: FULL_PASS, within: null, children: null };
    const ledger = { run, ...read, table: EVENTS_TABLE, pages, orphans, ...others };
    const comparison = compareTable(ledger, this.#owned());
    const ids = new Map([...this.table.values()].map(({ owner, id }) => [owner, [id]]));
    const found = { strangers, ownerless: ids };
    const differences = tableDifferences(ledger, comparison, found);
    return verification(ledger, comparison, differences, false);
  }

  /** Rows that the run's pages own, or all where it has found others' rows too. */
  rowsOf(run: number): ModelRow[] {
    const own = this.pages.filter((page) => page.run === run);
    const isSharing = own.some(({ known }) => known > 0);
    return [...this.table.values()].filter((row) => isSharing || this.#runOf(row) === run);
  }

  #runOf({ owner }: ModelRow): number | undefined {
    return this.pages.find(({ id }) => id === owner)?.run;
  }

  #owned(): OwnedRows[] {
    const byOwner = new Map<number | null, ModelRow[]>();
    for (const row of this.table.values()) {
      byOwner.set(row.owner, [...(byOwner.get(row.owner) ?? []), row]);
    }
    return [...byOwner].map(([page, rows]) => {
      const digest = String(digestOfRows(selectRows(testPage(rows), EVENTS_SHAPE)));
      return { page, rows: rows.length, digest, dataDigest: null };
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
export function walk(source: readonly TestRow[], settings: WalkSettings): OwnerPage[] {
  const { run, segment, limit, repeated = 0, pagesMax = Number.POSITIVE_INFINITY } = settings;
  const pages: OwnerPage[] = [];
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
    const cursor = start === 0 ? null : `behind ${start}`;
    pages.push(testPage(rows, { ...fields, cursor, nextCursor: hasMore ? `behind ${end}` : null }));
    if (!hasMore || pages.length === pagesMax) break;
    after = through;
    start = end;
  }
  return pages;
}

export function placeOf({ ms, id }: TestRow): Position {
  return { ms, id };
}
