/** The statements of the segment store. */
import { endSessionsOf } from './member-sessions.js';

/** Children are offered in neighbouring blocks of so many; the numbers of a block never change. */
const CHILD_BLOCK = 500;
/** More jobs than members that could take them before they are looked for again. */
const JOBS_MAX = 20;

/**
 * Whether the member with an epoch lived when the statement began: one that waits for pages then meets leases
 * as they were. @param epoch an SQL expression
 */
const isLiving = (run: string, epoch: string): string => `EXISTS (
  SELECT FROM ingestion_members AS holder
  WHERE holder.run = ${run} AND holder.epoch = ${epoch} AND NOT holder.is_lost
    AND holder.lease_until > statement_timestamp())`;

/**
 * Changes segments in the order of their numbers, so that statements that overlap cannot deadlock.
 *
 * @param which condition on `one` @param beside further tables that the condition needs
 */
const inOrder = (change: string, which: string, beside = ''): string => `
  WITH found AS (
    SELECT one.segment FROM ingestion_segments AS one${beside}
    WHERE one.run = $1 AND ${which} ORDER BY one.segment FOR UPDATE OF one
  )
  UPDATE ingestion_segments AS one SET ${change}
  FROM found WHERE one.run = $1 AND one.segment = found.segment`;

// Whatever anybody holds of the run is held no more: pages that are under way are waited for, later ones refused.
export const LET_GO_ALL = inOrder(
  "epoch = 0, status = CASE WHEN parent IS NULL AND status = 'open' THEN 'superseded' ELSE status END",
  "(one.epoch <> 0 OR one.parent IS NULL AND one.status = 'open')",
);

/**
 * In ms. A member that was frozen in the middle of a page locks its segment. The plan gives up after that and is tried
 * again, until the lease of that member is over and `END_DEAD` ends its sessions.
 */
export const WAIT_FOR_PAGES = 'SET LOCAL lock_timeout TO 10000';

export const END_DEAD = endSessionsOf(
  'SELECT run, epoch FROM ingestion_members WHERE run = $1 AND lease_until < clock_timestamp()',
);

export const COUNT_PLAN = `
  UPDATE ingestion_runs SET plan = plan + 1, has_left_order = has_left_order OR $2
  WHERE run = $1`;

/** The first number that neither a segment nor a page of the run has, nor a member was given. */
export const NEXT_NUMBER = `
  SELECT greatest(
    (SELECT coalesce(next_segment, 0) FROM ingestion_runs WHERE run = $1),
    (SELECT coalesce(max(segment) + 1, 0) FROM ingestion_segments WHERE run = $1),
    (SELECT coalesce(max(segment) + 1, 0) FROM ingestion_pages WHERE run = $1)) AS next`;

// The statements that change segments can be repeated, for the answer to one can be lost. An empty
// position is none: a role with array_nulls = off reads a null in an array as the word.
export const OPEN = `
  INSERT INTO ingestion_segments (run, segment, after_position, bound_position, status, epoch)
  SELECT $1, segment, nullif(after_position, ''), nullif(bound_position, ''), 'open', $2
  FROM unnest($3::integer[], $4::text[], $5::text[]) AS t (segment, after_position, bound_position)
  ON CONFLICT DO NOTHING`;

export const SET_BOUND = `
  UPDATE ingestion_segments SET bound_position = $4
  WHERE run = $1 AND epoch = $2 AND segment = $3 AND status = 'open'`;

export const NARROW = `
  UPDATE ingestion_segments SET after_position = $4, bound_position = $5
  WHERE run = $1 AND epoch = $2 AND segment = $3 AND status = 'open'`;

// All its pages are committed, so that nothing of it is to be refused any more.
export const END = inOrder(
  "status = 'ended', epoch = 0",
  "one.epoch = $2 AND one.segment = ANY($3::integer[]) AND one.status = 'open'",
);

// It stays held: pages of it may be under way.
export const SUPERSEDE = `
  UPDATE ingestion_segments SET status = 'superseded'
  WHERE run = $1 AND epoch = $2 AND segment = $3`;

// One statement, so one transaction: at no time is the part behind the new bound nobody's.
export const SPLIT = `
  WITH parent AS (
    SELECT bound_position FROM ingestion_segments
    WHERE run = $1 AND epoch = $2 AND segment = $3 AND status = 'open'
      -- A number that is taken is right only where this very split has taken it.
      AND NOT EXISTS (
        SELECT FROM ingestion_segments
        WHERE run = $1 AND segment = $5 AND after_position IS DISTINCT FROM $4)
    FOR UPDATE
  ), shrunk AS (
    UPDATE ingestion_segments SET bound_position = $4
    WHERE run = $1 AND segment = $3 AND EXISTS (SELECT FROM parent)
  )
  INSERT INTO ingestion_segments (run, segment, after_position, bound_position, status, epoch)
  SELECT $1, $5, $4, bound_position, 'open', $2 FROM parent
  -- Sets what is there already: the statement says that it found the segment.
  ON CONFLICT (run, segment) DO UPDATE SET after_position = excluded.after_position`;

/**
 * Whether the holder of `one` is dead, as `me` may say: a member that was away itself may not know that others
 * live, and a statement that waits knows nothing of those that join meanwhile.
 */
const isLeftBehind = (steadyMs: string): string => `(
  one.epoch <= known.last_epoch AND NOT ${isLiving('one.run', 'one.epoch')}
  AND me.steady_since < statement_timestamp() - ${steadyMs} * interval '1 millisecond')`;

// From then on its lease is not renewed, so that it never has a segment again which others have walked meanwhile.
// A member that was away itself may not know that others live.
export const GIVE_UP_DEAD = `
  UPDATE ingestion_members AS holder SET is_lost = true
  FROM ingestion_members AS me
  WHERE holder.run = $1 AND NOT holder.is_lost AND holder.lease_until < statement_timestamp()
    AND me.run = $1 AND me.epoch = $2 AND NOT me.is_lost
    AND me.lease_until > statement_timestamp() + $5 * interval '1 millisecond'
    AND me.steady_since < statement_timestamp() - $5 * interval '1 millisecond'
    AND EXISTS (
      SELECT FROM ingestion_segments AS one
      WHERE one.run = $1 AND one.epoch = holder.epoch AND one.status = 'open'
        AND one.segment BETWEEN $3 AND $4)`;

// Free ones, and those whose holder is given up. Who has claimed something walks, whatever it has said last. What it
// holds by now it is told again, even if its lease is over: the answer that said so may be lost, and nobody else would
// walk it.
export const CLAIM = `
  WITH free AS (
    SELECT one.segment, one.epoch
    FROM ingestion_segments AS one, ingestion_members AS me JOIN ingestion_runs AS known USING (run)
    WHERE one.run = $1 AND one.segment BETWEEN $3 AND $4 AND one.status = 'open'
      AND me.run = $1 AND me.epoch = $2 AND NOT me.is_lost AND known.plan = $5
      AND (one.epoch = $2 OR me.lease_until > statement_timestamp() AND (
        one.epoch = 0 OR one.epoch <= known.last_epoch AND NOT EXISTS (
          SELECT FROM ingestion_members AS holder
          WHERE holder.run = $1 AND holder.epoch = one.epoch AND NOT holder.is_lost)))
    -- See inOrder.
    ORDER BY one.segment FOR UPDATE OF one
  ), claimed AS (
    UPDATE ingestion_segments AS one SET epoch = $2
    FROM free WHERE one.run = $1 AND one.segment = free.segment
    RETURNING one.segment, one.after_position, one.bound_position, one.parent, free.epoch AS before
  ), told AS (
    UPDATE ingestion_members SET phase = 'walking'
    WHERE run = $1 AND epoch = $2 AND phase <> 'walking' AND EXISTS (SELECT FROM claimed)
  )
  SELECT segment, after_position AS "after", bound_position AS "bound", parent::text AS parent,
    before NOT IN (0, $2) AS "wasHeld"
  FROM claimed ORDER BY segment`;

// Asked for behind `CLAIM`, which does not see the pages that it has waited for.
export const WITH_PAGES = `
  SELECT segment FROM unnest($2::integer[]) AS claimed (segment)
  WHERE EXISTS (SELECT FROM ingestion_pages AS page WHERE page.run = $1 AND page.segment = claimed.segment)`;

/** Of members from which `CLAIM` takes something. */
export const END_DEAD_HOLDERS = endSessionsOf(`
  SELECT one.run, one.epoch FROM ingestion_segments AS one, ingestion_members AS me
  WHERE one.run = $1 AND one.segment BETWEEN $3 AND $4 AND one.status = 'open'
    AND me.run = $1 AND me.epoch = $2 AND me.lease_until > clock_timestamp()
    AND me.steady_since < clock_timestamp() - $5 * interval '1 millisecond'
    AND one.epoch NOT IN (0, $2) AND NOT ${isLiving('one.run', 'one.epoch')}`);

// What a dead member had begun anew elsewhere: none of its last pages may come any more.
export const LET_GO_LEFT_BEHIND = inOrder(
  'epoch = 0',
  `one.status = 'superseded' AND one.epoch NOT IN (0, $2)
    AND me.run = $1 AND me.epoch = $2 AND ${isLeftBehind('$3')}`,
  ', ingestion_members AS me JOIN ingestion_runs AS known USING (run)',
);

/** $3: which ones; null: all. */
export const RELEASE = inOrder(
  'epoch = 0',
  'one.epoch = $2 AND ($3::integer[] IS NULL OR one.segment = ANY($3::integer[]))',
);

/** No more than are offered, by number. @param holder condition on `epoch`, in the terms of an index */
const openSegments = (holder: string): string => `(
  SELECT segment, parent IS NULL AS stands_alone FROM ingestion_segments AS one
  WHERE run = $1 AND status = 'open' AND ${holder}
  ORDER BY segment LIMIT ${JOBS_MAX * CHILD_BLOCK})`;

// EXISTS would be answered by looking through the whole table, where many segments are open.
const IS_OPEN = `(
  SELECT true FROM ingestion_segments WHERE run = $1 AND status = 'open' ORDER BY run, epoch LIMIT 1) IS NOT NULL`;

/** $2: nobody else works on the run, so that what is left is one job. */
export const LOOK = `
  SELECT run.plan, ${IS_OPEN} AS "hasOpen",
    coalesce((
      SELECT json_agg(json_build_object('first', first, 'last', last) ORDER BY first)
      FROM (
        SELECT min(segment) AS first, max(segment) AS last
        FROM (
          ${openSegments('epoch = 0')} UNION ALL
          ${openSegments(`epoch > 0 AND NOT ${isLiving('one.run', 'one.epoch')}`)}
        ) AS free
        GROUP BY stands_alone,
          CASE WHEN NOT stands_alone THEN segment / ${CHILD_BLOCK} WHEN NOT $2 THEN segment END
        ORDER BY 1 LIMIT ${JOBS_MAX}
      ) AS job
    ), '[]') AS free
  FROM ingestion_runs AS run WHERE run.run = $1`;

/** Whether others have anything left but ends that they wait to believe. */
export const OTHERS_LEFT = `
  SELECT (
    SELECT true
    FROM ingestion_segments AS one LEFT JOIN ingestion_members AS holder USING (run, epoch)
    WHERE one.run = $1 AND one.status = 'open' AND one.epoch <> $2
      AND (holder.phase IS DISTINCT FROM 'atEnd' OR holder.lease_until < clock_timestamp())
    ORDER BY one.run, one.epoch LIMIT 1
  ) IS NOT NULL AS "isLeft"`;

export const HAS_LEFT_ORDER =
  'SELECT has_left_order AS "hasLeftOrder" FROM ingestion_runs WHERE run = $1';
