/**
 * The members of a run: processes that work on it, each with an epoch of its own and a lease.
 *
 *   join ──▶ living ──renew──▶ living ──leave──▶ gone
 *                └──lease over──▶ dead: what it holds may be taken
 *
 * The lease is the member's, not each segment's: renewing it costs one row, whatever it holds.
 */
import type { Pool, QueryResultRow } from 'pg';
import type { MemberFigures, MemberPhase } from '../core/cluster-view.js';
import { assert } from '../core/fault.js';
import type { MemberLoad } from '../core/help.js';
import { lateAfterMs } from '../core/lease.js';
import { NUMBERS_OF_MEMBER } from '../core/member-numbers.js';
import type { Patience } from './patience.js';
import type { Holder } from './segment-store.js';
import { asked, inTransaction } from './transaction.js';

export interface MemberFacts {
  /** Host and process number, for people. */
  readonly name: string;
  readonly version: string;
  /** Of the source file, without its secrets. */
  readonly sourceDigest: string;
}

export interface MemberState {
  readonly phase: MemberPhase;
  /** See `Scheduler.shareable`. */
  readonly shareable: number;
  readonly figures: MemberFigures;
}

/** As all members see it. */
export interface Member extends MemberFacts, MemberState {
  readonly epoch: number;
  readonly joinedAtMs: number;
  /** Its lease is over. */
  readonly isDead: boolean;
  /** Open segments that it holds. */
  readonly segments: number;
}

export interface Joined {
  readonly epoch: number;
  /** How often the run was planned, when it joined. */
  readonly plan: number;
  /** Numbers that no other member gives to a segment, from here on. */
  readonly firstSegment: number;
}

export interface Renewed {
  readonly plan: number;
  /** Free segments. */
  readonly free: number;
  /** Dead members hold segments. */
  readonly isLeftBehind: boolean;
  /** Those who live, itself included. */
  readonly members: readonly MemberLoad[];
}

export interface LeaseTerms {
  readonly leaseMs: number;
  /** Other members may join the run. */
  readonly isShared: boolean;
}

/** Every function throws an IngestionError with the fault of the database when it fails. */
export interface MemberStore {
  join(run: number, facts: MemberFacts, lease: LeaseTerms): Promise<Joined>;
  /** @returns null: the run is gone, or the member was given up, for others have taken what it held */
  renew(holder: Holder, state: MemberState, leaseMs: number): Promise<Renewed | null>;
  leave(holder: Holder): Promise<void>;
  /** Those who live, and those who died lately. */
  list(run: number): Promise<Member[]>;
}

/** By the row as it is once it is this statement's: two that join at once wait for each other. */
const NEXT_EPOCH = `
  UPDATE ingestion_runs AS one SET last_epoch = last_epoch + 1,
    next_segment = greatest(
      coalesce(one.next_segment, 0),
      (SELECT coalesce(max(segment) + 1, 0) FROM ingestion_segments WHERE run = $1),
      (SELECT coalesce(max(segment) + 1, 0) FROM ingestion_pages WHERE run = $1)) + ${NUMBERS_OF_MEMBER},
    settings = settings || jsonb_build_object('isShared', $2::boolean)
  WHERE one.run = $1
  RETURNING last_epoch AS epoch, plan, next_segment - ${NUMBERS_OF_MEMBER} AS "firstSegment"`;

/** Those who live, and those who died lately. */
export const IS_REMEMBERED = "lease_until > clock_timestamp() - interval '10 minutes'";

/** Those who died long ago tell nobody anything. */
const FORGET = `
  DELETE FROM ingestion_members WHERE run = $1 AND lease_until < clock_timestamp() - interval '1 hour'`;

const JOIN = `
  INSERT INTO ingestion_members (run, epoch, name, version, source_digest, lease_until)
  VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 millisecond')`;

const RENEW = `
  WITH renewed AS (
    UPDATE ingestion_members SET
      renewed_at = clock_timestamp(),
      lease_until = clock_timestamp() + $6 * interval '1 millisecond',
      steady_since = CASE WHEN lease_until - clock_timestamp() < ($6 - $7) * interval '1 millisecond'
        THEN clock_timestamp() ELSE steady_since END,
      phase = $3, shareable = $4, figures = $5
    WHERE run = $1 AND epoch = $2 AND NOT is_lost RETURNING 1
  )
  SELECT run.plan,
    (SELECT count(*)::integer FROM (
      SELECT FROM ingestion_segments WHERE run = $1 AND status = 'open' AND epoch = 0
      ORDER BY segment LIMIT 100
    ) AS free) AS free,
    EXISTS (
      SELECT FROM ingestion_members AS dead
      WHERE dead.run = $1 AND dead.epoch <> $2
        AND (dead.is_lost OR dead.lease_until < clock_timestamp())
        -- By the index, for each of the few: a join may look at every segment for every member.
        AND (
          SELECT true FROM ingestion_segments AS one
          WHERE one.run = dead.run AND one.epoch = dead.epoch AND one.status = 'open'
          ORDER BY one.segment LIMIT 1)) AS "isLeftBehind",
    (SELECT json_agg(json_build_object('epoch', epoch, 'phase', phase, 'shareable', shareable))
      FROM ingestion_members
      WHERE run = $1 AND epoch <> $2 AND NOT is_lost AND lease_until > clock_timestamp()) AS others
  FROM ingestion_runs AS run, renewed WHERE run.run = $1`;

const LEAVE = 'DELETE FROM ingestion_members WHERE run = $1 AND epoch = $2';

const LIST = `
  SELECT epoch, name, version, source_digest AS "sourceDigest", phase, shareable, figures,
    (extract(epoch FROM joined_at) * 1000)::float8 AS "joinedAtMs",
    is_lost OR lease_until < clock_timestamp() AS "isDead",
    (SELECT count(*)::integer FROM ingestion_segments AS held
      WHERE held.run = one.run AND held.epoch = one.epoch AND held.status = 'open') AS segments
  FROM ingestion_members AS one
  WHERE run = $1 AND ${IS_REMEMBERED}
  ORDER BY epoch`;

export function openMemberStore(pool: Pool, patience?: Patience): MemberStore {
  const patient = <T>(attempt: () => Promise<T>): Promise<T> =>
    patience === undefined ? attempt() : patience.during(attempt);

  return {
    join: (run, { name, version, sourceDigest }, { leaseMs, isShared }) =>
      patient(() =>
        inTransaction(pool, async (client) => {
          await asked(client.query(FORGET, [run]));
          const { rows } = await asked(
            client.query<Joined & QueryResultRow>(NEXT_EPOCH, [run, isShared]),
          );
          const [joined] = rows;
          assert(joined !== undefined, 'a run that is joined exists');
          const values = [run, joined.epoch, name, version, sourceDigest, leaseMs];
          await asked(client.query(JOIN, values));
          return joined;
        }),
      ),

    async renew({ run, epoch }, { phase, shareable, figures }, leaseMs) {
      type Row = Omit<Renewed, 'members'> & { others: Renewed['members'] | null };
      const terms = [leaseMs, lateAfterMs(leaseMs)];
      const values = [run, epoch, phase, shareable, JSON.stringify(figures), ...terms];
      const [row] = (await asked(pool.query<Row>(RENEW, values))).rows;
      if (row === undefined) return null;
      const { others, ...renewed } = row;
      return { ...renewed, members: [{ epoch, phase, shareable }, ...(others ?? [])] };
    },

    async leave({ run, epoch }) {
      await patient(() => asked(pool.query(LEAVE, [run, epoch])));
    },

    async list(run) {
      return (await patient(() => asked(pool.query<Member & QueryResultRow>(LIST, [run])))).rows;
    },
  };
}

/** A run that members share, and that is not over. One that was paused until a time goes on from then. */
export interface SharedRun {
  readonly run: number;
  readonly source: string;
  readonly stream: string;
  readonly origin: string;
  /** Epochs of those who live. */
  readonly living: readonly number[];
}

const SHARED_RUNS = `
  SELECT run, source, stream, origin, coalesce((
    SELECT json_agg(epoch) FROM ingestion_members AS member
    WHERE member.run = one.run AND NOT is_lost AND lease_until > clock_timestamp()), '[]') AS living
  FROM ingestion_runs AS one
  WHERE (status = 'running' OR (status = 'paused' AND resume_at <= clock_timestamp()))
    AND (settings -> 'isShared')::boolean
  ORDER BY run`;

/** @throws IngestionError with the fault of the database */
export async function listSharedRuns(pool: Pool): Promise<SharedRun[]> {
  return (await asked(pool.query<SharedRun & QueryResultRow>(SHARED_RUNS))).rows;
}

const DATABASE_ID = 'SELECT id::text FROM ingestion_database';

/** Tells databases apart that share one Redis. @throws IngestionError with the fault of the database */
export async function databaseId(pool: Pool): Promise<string> {
  const [row] = (await asked(pool.query<{ id: string }>(DATABASE_ID))).rows;
  assert(row !== undefined, 'the migrations give the database an id');
  return row.id;
}
