/** The statements of the segment store. */

/** Children are offered in neighbouring blocks of so many; the numbers of a block never change. */
const CHILD_BLOCK = 500;
/** More jobs than members that could take them before they are looked for again. */
const JOBS_MAX = 200;

/** Whether the member with an epoch lives. @param epoch an SQL expression */
const isLiving = (run: string, epoch: string): string => `EXISTS (
  SELECT FROM ingestion_members AS holder
  WHERE holder.run = ${run} AND holder.epoch = ${epoch} AND NOT holder.is_lost
    AND holder.lease_until > clock_timestamp())`;

// Whatever anybody holds of the run is held no more: pages that are under way are waited for, later ones refused.
export const LET_GO_ALL = `
  UPDATE ingestion_segments SET epoch = 0,
    status = CASE WHEN parent IS NULL AND status = 'open' THEN 'superseded' ELSE status END
  WHERE run = $1 AND (epoch <> 0 OR parent IS NULL AND status = 'open')`;

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
export const END = `
  UPDATE ingestion_segments SET status = 'ended', epoch = 0
  WHERE run = $1 AND epoch = $2 AND segment = ANY($3::integer[]) AND status = 'open'`;

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

// From then on its lease is not renewed, so that it never has a segment again which others have walked meanwhile.
// A member that was away itself may not know that others live.
export const GIVE_UP_DEAD = `
  UPDATE ingestion_members AS holder SET is_lost = true
  FROM ingestion_members AS me
  WHERE holder.run = $1 AND NOT holder.is_lost AND holder.lease_until < clock_timestamp()
    AND me.run = $1 AND me.epoch = $2 AND NOT me.is_lost
    AND me.lease_until > clock_timestamp() + $5 * interval '1 millisecond'
    AND me.steady_since < clock_timestamp() - $5 * interval '1 millisecond'
    AND EXISTS (
      SELECT FROM ingestion_segments AS one
      WHERE one.run = $1 AND one.epoch = holder.epoch AND one.status = 'open'
        AND one.segment BETWEEN $3 AND $4)`;

// Free ones, and those whose holder is given up. What it holds by now it is told again, even if its lease is over: the
// answer that said so may be lost, and nobody else would walk it.
export const CLAIM = `
  WITH claimed AS (
    UPDATE ingestion_segments AS one SET epoch = $2
    FROM ingestion_members AS me
    WHERE one.run = $1 AND one.segment BETWEEN $3 AND $4 AND one.status = 'open'
      AND me.run = $1 AND me.epoch = $2 AND NOT me.is_lost
      AND EXISTS (SELECT FROM ingestion_runs WHERE run = $1 AND plan = $5)
      AND (one.epoch = $2 OR me.lease_until > clock_timestamp() AND NOT EXISTS (
        SELECT FROM ingestion_members AS holder
        WHERE holder.run = $1 AND holder.epoch = one.epoch AND NOT holder.is_lost))
    RETURNING one.segment, one.after_position, one.bound_position, one.parent
  )
  SELECT segment, after_position AS "after", bound_position AS "bound", parent::text AS parent,
    EXISTS (
      SELECT FROM ingestion_pages AS page WHERE page.run = $1 AND page.segment = claimed.segment
    ) AS "hasPages"
  FROM claimed ORDER BY segment`;

// What a dead member had begun anew elsewhere: none of its last pages may come any more.
export const LET_GO_LEFT_BEHIND = `
  UPDATE ingestion_segments AS one SET epoch = 0
  WHERE one.run = $1 AND one.status = 'superseded' AND one.epoch NOT IN (0, $2)
    AND NOT ${isLiving('one.run', 'one.epoch')}`;

/** $3: which ones; null: all. */
export const RELEASE = `
  UPDATE ingestion_segments SET epoch = 0
  WHERE run = $1 AND epoch = $2 AND ($3::integer[] IS NULL OR segment = ANY($3::integer[]))`;

/** $2: nobody else works on the run, so that what is left is one job. */
export const LOOK = `
  SELECT run.plan,
    EXISTS (SELECT FROM ingestion_segments WHERE run = $1 AND status = 'open') AS "hasOpen",
    coalesce((
      SELECT json_agg(json_build_object('first', first, 'last', last) ORDER BY first)
      FROM (
        SELECT min(segment) AS first, max(segment) AS last
        FROM (
          SELECT segment, parent IS NULL AS stands_alone FROM ingestion_segments AS one
          WHERE run = $1 AND status = 'open'
            AND (epoch = 0 OR NOT ${isLiving('one.run', 'one.epoch')})
          ORDER BY segment LIMIT ${JOBS_MAX * CHILD_BLOCK}
        ) AS free
        GROUP BY stands_alone,
          CASE WHEN NOT stands_alone THEN segment / ${CHILD_BLOCK} WHEN NOT $2 THEN segment END
        ORDER BY 1 LIMIT ${JOBS_MAX}
      ) AS job
    ), '[]') AS free
  FROM ingestion_runs AS run WHERE run.run = $1`;

/** Whether others have anything left but ends that they wait to believe. */
export const OTHERS_LEFT = `
  SELECT EXISTS (
    SELECT FROM ingestion_segments AS one LEFT JOIN ingestion_members AS holder USING (run, epoch)
    WHERE one.run = $1 AND one.status = 'open' AND one.epoch <> $2
      AND (holder.phase IS DISTINCT FROM 'atEnd' OR holder.lease_until < clock_timestamp())
  ) AS "isLeft"`;

export const HAS_LEFT_ORDER =
  'SELECT has_left_order AS "hasLeftOrder" FROM ingestion_runs WHERE run = $1';
