/**
 * The child store: a segment of the ledger for each child of a run, made by one statement from the parent's
 * rows, and read in blocks. No child is told that it has ended while the run goes on: its pages say so.
 */
import type { Pool, QueryResultRow } from 'pg';
import type { CommittedPage } from '../core/committed-page.js';
import { assert } from '../core/fault.js';
import type { ParentPlan } from '../source/plan.js';
import * as sql from './child-sql.js';
import type { Patience } from './patience.js';
import { asked } from './transaction.js';

/** Children that are read at once. */
const BLOCK = 1_000;

export interface Seeded {
  readonly seeded: number;
  /** Rows of the parent that lack a value which its children's requests need. */
  readonly unusable: number;
  /** The key of one of these; null: there is none. */
  readonly example: string | null;
}

export interface ChildPage extends CommittedPage {
  readonly id: number | null;
}

export interface OpenChild {
  readonly segment: number;
  /** JSON text: see `ingestion_segments.parent`. */
  readonly parent: string;
  /** Committed ones. */
  readonly pages: readonly ChildPage[];
}

export interface ChildBlock {
  readonly children: readonly OpenChild[];
  /** The last segment that was looked at; null: there are no more. */
  readonly behind: number | null;
}

export interface ChildCounts {
  readonly known: number;
  readonly done: number;
}

/** Every function throws an IngestionError with the fault of the database when it fails. */
export interface ChildStore {
  /** Makes the segments of a run, once. */
  seed(run: number, from: sql.SeedSource, parent: ParentPlan): Promise<Seeded>;
  /** Whether there is a parent of which no complete run of the stream has read all. @param run the latest of these */
  hasNewParents(run: number, from: sql.SeedSource, parent: ParentPlan): Promise<boolean>;
  /** Ends segments whose pages say so. @param reopens and opens again those that have lost such a page */
  setStatus(run: number, reopens: boolean): Promise<void>;
  /** @param segments @default all */
  end(run: number, segments?: readonly number[]): Promise<void>;
  count(run: number): Promise<ChildCounts>;
  /** Committed pages, by segment. */
  pagesOf(run: number, segments: readonly number[]): Promise<ReadonlyMap<number, ChildPage[]>>;
  /** Open ones, by number. @param behind this segment */
  read(run: number, behind: number): Promise<ChildBlock>;
}

export function openChildStore(pool: Pool, patience?: Patience): ChildStore {
  const query = <Row extends QueryResultRow>(text: string, values: readonly unknown[]) => {
    const attempt = () => asked(pool.query<Row>(text, [...values]));
    return patience === undefined ? attempt() : patience.during(attempt);
  };

  async function only<Row extends QueryResultRow>(text: string, values: readonly unknown[]) {
    const [row] = (await query<Row>(text, values)).rows;
    assert(row !== undefined, 'the statement returns a row');
    return row;
  }

  async function pagesOf(run: number, segments: readonly number[]) {
    const bySegment = new Map<number, ChildPage[]>(segments.map((segment) => [segment, []]));
    if (segments.length === 0) return bySegment;
    const found = await query<ChildPage & QueryResultRow>(sql.READ_PAGES, [run, segments]);
    for (const page of found.rows) bySegment.get(page.segment)?.push(page);
    return bySegment;
  }

  return {
    seed(run, from, parent) {
      const text = sql.seedSegments(from, sql.seedForm(parent));
      return only<Seeded & QueryResultRow>(text, [run, ...from.values]);
    },

    async hasNewParents(run, from, parent) {
      const text = sql.hasNewParents(from, sql.seedForm(parent));
      return (await only<{ hasNew: boolean }>(text, [run, ...from.values])).hasNew;
    },

    async setStatus(run, reopens) {
      await query(sql.SET_STATUS, [run, reopens]);
    },

    async end(run, segments) {
      await query(sql.END_SEGMENTS, [run, segments ?? null]);
    },

    count: (run) => only<ChildCounts & QueryResultRow>(sql.COUNT, [run]),

    pagesOf,

    async read(run, behind) {
      type Found = Omit<OpenChild, 'pages'> & QueryResultRow;
      const { rows } = await query<Found>(sql.READ_BLOCK, [run, behind, BLOCK]);
      const bySegment = await pagesOf(
        run,
        rows.map(({ segment }) => segment),
      );
      const children = rows.map(({ segment, parent }) => {
        return { segment, parent, pages: bySegment.get(segment) ?? [] };
      });
      return { children, behind: rows.length < BLOCK ? null : (rows.at(-1)?.segment ?? null) };
    },
  };
}
