/** Table and page ledger of a simulated run: committed pages, in the order in which they landed. */

import type { CommittedCounts, CommittedPage } from '../../src/core/committed-page.js';
import type { ReceivedCounts } from '../../src/core/received-records.js';
import type { Stretch } from '../../src/core/resume.js';
import { compareTable, tableDifferences } from '../../src/database/verify/compare-table.js';
import { verification } from '../../src/database/verify/verification.js';
import type {
  LedgerChild,
  OwnedRows,
  VerifiedPage,
} from '../../src/database/verify/verify-types.js';
import type { HighestOfRun } from '../../src/database/watermarks.js';
import { formatPosition, isBehindBound, type Position } from '../../src/paging/position.js';
import { EVENTS_TABLE } from '../../src/postgres/stream-table.js';
import type { WriteCommand } from '../../src/runtime/run-observer.js';
import { FULL_PASS, type Pass } from '../../src/source/pass.js';

interface LedgerPage extends CommittedPage, CommittedCounts {
  readonly id: number;
  /** Rows that it wrote, by index. */
  readonly written: readonly number[];
  readonly run: number;
  /** Its first and its last row that have an instant; null: none has. */
  readonly first: Position | null;
  readonly last: Position | null;
}

/** What a run was to read. */
export interface SimulatedPass {
  readonly pass: Pass;
  readonly within: Stretch | null;
}

const RUN = {
  source: 'simulated',
  stream: 'events',
  origin: 'simulated',
  status: 'complete',
} as const;

export class SimulatedLedger {
  /** Of the latest run. */
  readonly pages: LedgerPage[] = [];
  readonly #earlier: LedgerPage[] = [];
  #run = 0;
  /** By page id, which is never 0. */
  readonly #runs: number[] = [0];
  #read: SimulatedPass = { pass: FULL_PASS, within: null };
  /** How often each row was written. */
  readonly writes: number[] = [];
  /** The page that owns each row; 0: none does. */
  readonly #owners: number[] = [];
  readonly #placeOf: (row: number) => Position | null;
  readonly #children: readonly LedgerChild[] | null;

  /** @param placeOf the place that a row shows @param children segments of a child stream */
  constructor(
    placeOf: (row: number) => Position | null,
    children: readonly LedgerChild[] | null = null,
  ) {
    this.#placeOf = placeOf;
    this.#children = children;
  }

  get run(): number {
    return this.#run;
  }

  beginRun(read: SimulatedPass): void {
    this.#earlier.push(...this.pages.splice(0));
    this.#run++;
    this.#read = read;
  }

  /** Rows of the run, by its words. */
  get rowsCounted(): number {
    return this.pages.reduce((sum, { inserted, known }) => sum + inserted + known, 0);
  }

  /** Records of the run, by its words. */
  get received(): ReceivedCounts {
    const sumOf = (key: keyof ReceivedCounts): number =>
      this.pages.reduce((sum, page) => sum + page[key], 0);
    return { inserted: sumOf('inserted'), known: sumOf('known'), quarantined: 0 };
  }

  pagesBySegment(): ReadonlyMap<number, readonly LedgerPage[]> {
    const bySegment = new Map<number, LedgerPage[]>();
    for (const page of this.pages) {
      const known = bySegment.get(page.segment);
      if (known === undefined) bySegment.set(page.segment, [page]);
      else known.push(page);
    }
    return bySegment;
  }

  /** Rows of all runs: `known` are those of runs before. */
  get rowsOfAll(): number {
    return [...this.#earlier, ...this.pages].reduce((sum, { inserted }) => sum + inserted, 0);
  }

  /** Of the latest run, as its watermark is told from. */
  get highest(): HighestOfRun {
    const instants = this.pages.flatMap(({ first }) => first?.ms ?? []);
    const isOrdered = instants.length > 0 && this.pages.every((page) => page.isOrdered);
    return { values: [], newestMs: isOrdered ? Math.max(...instants) : null };
  }

  /** What `verify` finds in a run that says it is complete. */
  differences(): string[] {
    const pages = [...this.#earlier, ...this.pages]
      .sort((a, b) => a.run - b.run || a.segment - b.segment || a.page - b.page)
      .map((page): VerifiedPage => {
        const { after, through, written } = page;
        return {
          ...page,
          after: after && formatPosition(after),
          through: through && formatPosition(through),
          ...{ kept: 0, differing: 0, superseded: 0 },
          digest: digestOf(written),
          dataDigest: null,
          retried: 0,
        };
      });
    const others = { unownedBefore: 0, takenFromOthers: 0 };
    const segments = this.#children;
    const children = segments && { segments, missing: 0, example: null };
    const run = { ...RUN, run: this.#run };
    const read = { ...this.#read, children };
    const ledger = { run, ...read, table: EVENTS_TABLE, pages, orphans: [], ...others };
    const comparison = compareTable(ledger, this.#owned());
    const found = { strangers: new Map(), ownerless: new Map() };
    const ofTable = tableDifferences(ledger, comparison, found);
    const { differences } = verification(ledger, comparison, ofTable, false);
    return differences.map(({ where, message }) => `${where}: ${message}`);
  }

  /** @param rows of the page, by index @param isLost the table gets none of them */
  commit(
    command: WriteCommand,
    rows: readonly number[],
    { isLost, run }: { readonly isLost: boolean; readonly run: number },
  ): CommittedCounts {
    const { bound, segment, page } = command;
    // A write of a process that is dead may land when another has begun the next run.
    const pages = run === this.#run ? this.pages : this.#earlier;
    if (
      pages.some((known) => known.run === run && known.segment === segment && known.page === page)
    )
      throw new Error(`page ${page} of segment ${segment} is written twice`);
    const kept = rows.filter((row) => !isBehindBound(this.#placeOf(row)?.ms ?? NaN, bound));
    const written = kept.filter((row) => (this.writes[row] ?? 0) === 0);
    const inserted = written.length;
    const duplicate = kept.length - inserted;
    const counts = {
      returned: kept.length,
      inserted,
      updated: 0,
      duplicate,
      known: kept.filter((row) => this.#isOfOther(row, run)).length,
      quarantined: 0,
    };
    const id = this.#runs.length;
    this.#runs.push(run);
    const first = kept.flatMap((row) => this.#placeOf(row) ?? [])[0] ?? null;
    const last = kept.reduce<Position | null>((found, row) => this.#placeOf(row) ?? found, null);
    const clipped = rows.length - kept.length;
    pages.push({ ...command, ...counts, clipped, id, run, written, first, last });
    if (isLost) return counts;
    for (const row of kept) this.writes[row] = (this.writes[row] ?? 0) + 1;
    for (const row of written) this.#owners[row] = id;
    return counts;
  }

  #isOfOther(row: number, run: number): boolean {
    const owner = this.#owners[row] ?? 0;
    return owner !== 0 && this.#runs[owner] !== run;
  }

  #owned(): OwnedRows[] {
    const byOwner = new Map<number, number[]>();
    this.#owners.forEach((owner, row) => {
      const rows = byOwner.get(owner);
      if (rows !== undefined) rows.push(row);
      else if (owner !== 0) byOwner.set(owner, [row]);
    });
    return [...byOwner].map(([page, rows]) => {
      return { page, rows: rows.length, digest: digestOf(rows), dataDigest: null };
    });
  }
}

/** Of the earliest row that ends a page. */
export function earliestOf(pages: readonly Pick<LedgerPage, 'after' | 'last'>[]): number {
  const ends = pages.flatMap(({ after, last }) =>
    after !== null && last !== null && last.ms <= after.ms ? [last.ms] : [],
  );
  return Math.min(...ends);
}

/** Without an order, as PostgreSQL's is. */
function digestOf(rows: readonly number[]): string {
  return String(rows.reduce((sum, row) => sum ^ Math.imul(row + 1, 0x9e3779b1), 0));
}
