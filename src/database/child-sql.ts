/** The statements of the child store. */
import * as z from 'zod/mini';
import { assert } from '../core/fault.js';
import { quoteIdentifier } from '../postgres/stream-table.js';
import type { ParentField, ParentPlan } from '../source/plan.js';
import { recordPath } from '../source/record-path.js';
import type { Run } from './ledger-types.js';

/** Of child segments. @param run an SQL expression */
const finishedSegments = (run: string): string => `
  SELECT segment FROM ingestion_pages WHERE run = ${run} GROUP BY segment
  HAVING max(page) - min(page) + 1 = count(*) AND max(page) = max(page) FILTER (WHERE NOT has_more)
    AND (array_agg(right(cursor, 11) ORDER BY page))[1] = ',"at":null}'`;

// Pages whose numbers follow one another are those of one process, each asked for with the cursor of the
// one before. Of a child that several have walked the cursors have to show it; see core/child-resume.ts.
export const SET_STATUS = `
  UPDATE ingestion_segments AS s
  SET status = CASE WHEN f.segment IS NULL THEN 'open' ELSE 'ended' END
  FROM ingestion_segments AS own LEFT JOIN (${finishedSegments('$1')}) AS f USING (segment)
  WHERE own.run = $1 AND own.parent IS NOT NULL AND s.run = own.run AND s.segment = own.segment
    AND s.status <> CASE WHEN f.segment IS NULL THEN 'open' ELSE 'ended' END
    AND ($2::boolean OR s.status = 'open')`;

export const END_SEGMENTS = `
  UPDATE ingestion_segments SET status = 'ended'
  WHERE run = $1 AND parent IS NOT NULL AND status = 'open'
    AND ($2::integer[] IS NULL OR segment = ANY($2::integer[]))`;

export const COUNT = `
  SELECT count(*)::integer AS known,
    count(*) FILTER (WHERE s.status = 'ended' OR f.segment IS NOT NULL)::integer AS done
  FROM ingestion_segments AS s LEFT JOIN (${finishedSegments('$1')}) AS f USING (segment)
  WHERE s.run = $1 AND s.parent IS NOT NULL`;

export const READ_ALL = `
  SELECT segment, parent::text AS parent FROM ingestion_segments
  WHERE run = $1 AND parent IS NOT NULL ORDER BY segment`;

export const READ_BLOCK = `
  SELECT segment, parent::text AS parent FROM ingestion_segments
  WHERE run = $1 AND segment > $2 AND parent IS NOT NULL AND status = 'open'
  ORDER BY segment LIMIT $3`;

export const READ_PAGES = `
  SELECT id, segment, page, cursor, next_cursor AS "nextCursor",
    (extract(epoch FROM next_cursor_expires_at) * 1000)::float8 AS "nextCursorExpiresAtMs",
    has_more AS "hasMore", is_ordered AS "isOrdered", NULL AS "after", NULL AS "through",
    clipped, returned
  FROM ingestion_pages WHERE run = $1 AND segment = ANY($2::integer[]) ORDER BY segment, page`;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Where the parents of a seeding come from. */
export interface SeedSource {
  /** SQL that gives `record`, a jsonb object, `key`, a text that names it, and `is_changed`: whether it is asked for again. */
  readonly rows: string;
  /** Its parameters, from $2 on. */
  readonly values: readonly unknown[];
}

/** Records of the file. */
export function valuesOfFile(values: NonNullable<ParentPlan['values']>): SeedSource {
  return {
    rows: `SELECT value AS record, value::text AS key, true AS is_changed FROM jsonb_array_elements($2::jsonb)`,
    values: [JSON.stringify(values)],
  };
}

/** Which rows of a parent: unset, all, and each counts as changed. */
export interface RowChoice {
  /** Changed are those that runs of the parent behind this one wrote; null: all. */
  readonly behindRun?: number | null;
  /** Only those that were there before this instant, epoch ms, by their pages. */
  readonly beforeMs?: number;
}

/** Of which runs of the parent the rows have made the children of a run. */
export interface SeededFrom {
  /** The latest; null: the parents stand in the file. */
  readonly parentRun: number | null;
  /** Those behind it; null: all. */
  readonly behindRun: number | null;
}

const seededShape = z.object({
  parentRun: z.nullable(z.number()),
  behindRun: z.nullable(z.number()),
});

/** @param settings of a run over children */
export function seededFrom(settings: Run['settings']): SeededFrom {
  return seededShape.safeParse(settings.seededFrom).data ?? { parentRun: null, behindRun: null };
}

/** Rows of a parent stream, those that its runs wrote and those that were there before them. */
export function rowsOfStream(
  parent: Pick<Run, 'tableName' | 'tableKey' | 'source' | 'stream' | 'origin'>,
  { behindRun = null, beforeMs }: RowChoice = {},
): SeedSource {
  const { tableName, tableKey, source, stream, origin } = parent;
  const key = tableKey.map((name) => `t.${quoteIdentifier(name)}`).join(', ');
  return {
    rows: `SELECT t.data AS record, ${key === '' ? 'left(t.data::text, 80)' : `concat_ws(', ', ${key})`} AS key,
      $5::integer IS NULL OR coalesce(r.run > $5, false) AS is_changed
    FROM ${tableName} AS t
      LEFT JOIN (ingestion_pages AS p JOIN ingestion_runs AS r ON r.run = p.run) ON p.id = t.page
    WHERE t.page IS NULL OR r.source = $2 AND r.stream = $3 AND r.origin = $4
      AND ($6::float8 IS NULL OR p.retried = 0 AND p.committed_at < to_timestamp($6::float8 / 1000))`,
    values: [source, stream, origin, behindRun, beforeMs ?? null],
  };
}

/** What the children of a run are made of: which resource, and which values of its records. */
export interface SeedForm {
  readonly resource: string;
  readonly fields: readonly Pick<ParentField, 'path' | 'isInPath'>[];
  readonly include: readonly string[];
}

export function seedForm({ resource, fields, include }: ParentPlan): SeedForm {
  return {
    resource,
    fields: fields.map(({ path, isInPath }) => ({ path, isInPath })),
    include: include.map(({ path }) => path),
  };
}

/** SQL of `parent`, the values of each record, `key`, `is_changed`, and `is_usable`: whether it can be asked with. */
function readParents({ rows }: SeedSource, { fields, include }: SeedForm): string {
  const paths = [...new Set([...fields.map(({ path }) => path), ...include])];
  const members = paths.map((path) => `${quoted(path)}, record #> ${sqlPath(path)}`).join(', ');
  const isUsable = fields.map(({ path, isInPath }) => {
    const isScalar = `jsonb_typeof(record #> ${sqlPath(path)}) IN ('string', 'number', 'boolean')`;
    // Of a path these are steps, or none at all.
    const isStep = ` AND record #>> ${sqlPath(path)} NOT IN ('', '.', '..')`;
    return `coalesce(${isScalar}${isInPath ? isStep : ''}, false)`;
  });
  return `SELECT jsonb_build_object(${members}) AS parent, key, is_changed, ${isUsable.join(' AND ')} AS is_usable
    FROM (${rows}) AS parents`;
}

function sqlPath(path: string): string {
  const steps = recordPath(path);
  assert(steps !== null, `${path} was checked when the file was loaded`);
  return `ARRAY[${steps.map(quoted).join(', ')}]::text[]`;
}

// What a range, or a run that was left, has asked for of a parent is not all that the parent has.
const IS_NEW = `NOT EXISTS (
  SELECT FROM ingestion_segments AS s JOIN ingestion_runs AS r ON r.run = s.run
    JOIN ingestion_runs AS this ON this.run = $1
      AND (this.source, this.stream, this.origin) = (r.source, r.stream, r.origin)
  WHERE s.parent = read.parent AND r.status = 'complete'
    AND coalesce(r.settings #>> '{pass,type}', 'full') = 'full')`;

/** One segment for each different parent that has changed or is new, numbered from 1. $1: the run */
export function seedSegments(from: SeedSource, form: SeedForm): string {
  // With OR in place of UNION, all segments would be looked at for each parent.
  return `WITH read AS (${readParents(from, form)}), seeded AS (
    INSERT INTO ingestion_segments (run, segment, parent, status)
    SELECT $1, row_number() OVER (ORDER BY parent), parent, 'open'
    FROM (
      SELECT parent FROM read WHERE is_usable AND is_changed
      UNION SELECT parent FROM read WHERE is_usable AND ${IS_NEW}
    ) AS different
    ON CONFLICT DO NOTHING RETURNING 1
  )
  SELECT (SELECT count(*) FROM seeded)::integer AS seeded,
    (SELECT count(*) FROM read WHERE NOT is_usable AND is_changed)::integer AS unusable,
    (SELECT min(key) FROM read WHERE NOT is_usable AND is_changed) AS example`;
}

/** Whether no complete run of the children's stream has read all that a parent has. $1: the latest of these */
export function hasNewParents(from: SeedSource, form: SeedForm): string {
  return `SELECT EXISTS (
    SELECT FROM (${readParents(from, form)}) AS read WHERE is_usable AND ${IS_NEW}
  ) AS "hasNew"`;
}

/** Parents without a segment. $1: the run */
export function findMissing(from: SeedSource, form: SeedForm): string {
  return `SELECT count(*)::integer AS missing, min(key) AS example
  FROM (${readParents(from, form)}) AS read
  WHERE is_usable AND is_changed AND NOT EXISTS (
    SELECT FROM ingestion_segments AS s WHERE s.run = $1 AND s.parent = read.parent)`;
}
