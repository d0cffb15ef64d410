/**
 * The segment store: which parts of a run are to be walked, and by whom.
 *
 *   open, nobody's ──claim──▶ held ──end──▶ ended          all of it is committed
 *        ▲                     ├──────────▶ superseded     its walk began again elsewhere
 *        └──release, lease over┘
 *
 * A holder writes its epoch into the segment, and every page checks it in the transaction that writes its rows
 * (`ingestion_hold_segment`). So a member that was frozen, and was taken for dead, can write nothing any more.
 */
import type { ClientBase, Pool, QueryResultRow } from 'pg';
import type { ClaimedSegment, Divided, SegmentRange } from '../core/claimed-segments.js';
import { assert, type Fault, IngestionError } from '../core/fault.js';
import type { RunRest, SegmentSpan } from '../core/taking.js';
import type { Position } from '../paging/position.js';
import { positionOf, textOf } from './ledger-rows.js';
import type { Patience } from './patience.js';
import * as sql from './segment-sql.js';
import { asked, inTransaction } from './transaction.js';

/** Whose segments they are. */
export interface Holder {
  readonly run: number;
  readonly epoch: number;
}

export interface TakenSegment extends ClaimedSegment {
  /** By a member that is dead. */
  readonly wasHeld: boolean;
}

/** Every function throws an IngestionError with the fault of the database when it fails. */
export interface SegmentStore {
  /**
   * What is to be walked of a run, of which nobody holds anything from then on: pages of any member are refused.
   * Children stay as they are.
   *
   * @param hasLeftOrder a page has contradicted the order that the source declares
   * @returns the number of the first
   */
  plan(
    run: number,
    ranges: readonly Omit<SegmentRange, 'segment'>[],
    hasLeftOrder?: boolean,
  ): Promise<number>;
  hasLeftOrder(run: number): Promise<boolean>;
  open(holder: Holder, segments: readonly SegmentRange[]): Promise<void>;
  setBound(holder: Holder, segment: number, bound: Position | null): Promise<void>;
  /** Cuts a segment at `at`; `newSegment` takes the part after it. All or nothing. */
  split(holder: Holder, segment: number, at: Position, newSegment: number): Promise<void>;
  end(holder: Holder, segments: readonly number[]): Promise<void>;
  supersede(holder: Holder, segment: number): Promise<void>;
  /**
   * Takes what nobody holds, or nobody who lives. Pages of the holder before are waited for.
   *
   * @param terms.steadyMs for so long the member must have renewed its lease in time to take what another holds
   * @param terms.plan how often the run was planned when the member joined; else nothing is taken
   */
  claim(
    holder: Holder,
    span: SegmentSpan,
    terms: { readonly steadyMs: number; readonly plan: number },
  ): Promise<TakenSegment[]>;
  /** What is left of a claimed segment: all at once. */
  divide(holder: Holder, divided: Divided): Promise<void>;
  /** @param segments @default all that it holds */
  release(holder: Holder, segments?: readonly number[]): Promise<void>;
  /** @param isAlone nobody else works on the run */
  look(run: number, isAlone: boolean): Promise<RunRest>;
  /** Whether others have anything left but ends that they wait to believe. */
  areOthersLeft(holder: Holder): Promise<boolean>;
}

export function openSegmentStore(pool: Pool, patience?: Patience): SegmentStore {
  const patient = <T>(attempt: () => Promise<T>): Promise<T> =>
    patience === undefined ? attempt() : patience.during(attempt);
  const query = <Row extends QueryResultRow>(text: string, values: readonly unknown[]) =>
    patient(() => asked(pool.query<Row>(text, [...values])));

  async function only<Row extends QueryResultRow>(text: string, values: readonly unknown[]) {
    const [row] = (await query<Row>(text, values)).rows;
    assert(row !== undefined, 'the statement returns a row');
    return row;
  }

  return {
    plan: (run, ranges, hasLeftOrder = false) =>
      patient(() =>
        inTransaction(pool, async (client) => {
          await asked(client.query(sql.END_DEAD, [run]));
          await asked(client.query(sql.COUNT_PLAN, [run, hasLeftOrder]));
          await asked(client.query(sql.WAIT_FOR_PAGES));
          await asked(client.query(sql.LET_GO_ALL, [run]));
          const { rows } = await asked(client.query<{ next: number }>(sql.NEXT_NUMBER, [run]));
          const next = rows[0]?.next ?? 0;
          const segments = ranges.map((range, index) => ({ segment: next + index, ...range }));
          await insert(client, { run, epoch: 0 }, segments);
          return next;
        }),
      ),

    async hasLeftOrder(run) {
      return (await only<{ hasLeftOrder: boolean }>(sql.HAS_LEFT_ORDER, [run])).hasLeftOrder;
    },

    open: (holder, segments) => patient(() => insert(pool, holder, segments)),

    async setBound(holder, segment, bound) {
      const values = [holder.run, holder.epoch, segment, textOf(bound)];
      requireHeld((await query(sql.SET_BOUND, values)).rowCount, holder, segment);
    },

    async split(holder, segment, at, newSegment) {
      const values = [holder.run, holder.epoch, segment, textOf(at), newSegment];
      requireHeld((await query(sql.SPLIT, values)).rowCount, holder, segment);
    },

    async end({ run, epoch }, segments) {
      await query(sql.END, [run, epoch, segments]);
    },

    async supersede(holder, segment) {
      const values = [holder.run, holder.epoch, segment];
      requireHeld((await query(sql.SUPERSEDE, values)).rowCount, holder, segment);
    },

    async claim({ run, epoch }, { first, last }, { steadyMs, plan }) {
      type Row = Pick<TakenSegment, 'segment' | 'parent' | 'wasHeld'> &
        Record<'after' | 'bound', string>;
      const values = [run, epoch, first, last, steadyMs];
      await query(sql.GIVE_UP_DEAD, values);
      await query(sql.END_DEAD_HOLDERS, values);
      const { rows } = await query<Row>(sql.CLAIM, [run, epoch, first, last, plan]);
      if (rows.length === 0) return [];
      await query(sql.LET_GO_LEFT_BEHIND, [run, epoch, steadyMs]);
      const numbers = rows.map(({ segment }) => segment);
      const begun = await query<{ segment: number }>(sql.WITH_PAGES, [run, numbers]);
      const withPages = new Set(begun.rows.map(({ segment }) => segment));
      return rows.map(({ after, bound, ...row }) => {
        const hasPages = withPages.has(row.segment);
        return { ...row, after: positionOf(after), bound: positionOf(bound), hasPages };
      });
    },

    divide: (holder, { segment, kept, others }) =>
      patient(() =>
        inTransaction(pool, async (client) => {
          await insert(client, holder, others);
          const range = kept === null ? [] : [textOf(kept.after), textOf(kept.bound)];
          const text = kept === null ? sql.END : sql.NARROW;
          const of = kept === null ? [segment] : segment;
          const values = [holder.run, holder.epoch, of, ...range];
          requireHeld((await asked(client.query(text, values))).rowCount, holder, segment);
        }),
      ),

    async release({ run, epoch }, segments) {
      await query(sql.RELEASE, [run, epoch, segments ?? null]);
    },

    look: (run, isAlone) => only<RunRest & QueryResultRow>(sql.LOOK, [run, isAlone]),

    async areOthersLeft({ run, epoch }) {
      return (await only<{ isLeft: boolean }>(sql.OTHERS_LEFT, [run, epoch])).isLeft;
    },
  };
}

async function insert(
  client: Pick<ClientBase, 'query'> | Pool,
  { run, epoch }: Holder,
  segments: readonly SegmentRange[],
): Promise<void> {
  if (segments.length === 0) return;
  const numbers = segments.map(({ segment }) => segment);
  const after = segments.map((segment) => textOf(segment.after) ?? '');
  const bounds = segments.map(({ bound }) => textOf(bound) ?? '');
  await asked(client.query(sql.OPEN, [run, epoch, numbers, after, bounds]));
}

/** @throws IngestionError, LEASE_LOST */
function requireHeld(count: number | null, { run }: Holder, segment: number): void {
  if (count === 1) return;
  throw new IngestionError(notHeld(run, segment));
}

function notHeld(run: number, segment: number): Fault {
  const message = `another member holds segment ${segment} of run ${run} by now`;
  return { code: 'LEASE_LOST', message, retryable: false };
}
