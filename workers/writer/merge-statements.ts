/**
 * The statements that merge: a row that is newer than the one with its key takes its place, and its page
 * owns it from then on.
 *
 *   given ── distinct keys ──▶ looked up ── not there ──────────▶ stored
 *                                  ├─ other content, newer ────▶ taken over, its old page loses its share
 *                                  └─ the same, or older ──────▶ stays: a duplicate
 *
 * Newer is the higher instant; where there is none, or the same, the later page of a chain, and else what
 * comes later: for a record that was in quarantine meanwhile, the page that was committed later. A share that
 * a page loses is a row of `ingestion_superseded`: to change the ledger rows of other pages would make pages
 * that are written at once wait for one another.
 */
import { dataDigest, quoteIdentifier, rowDigest } from '../../src/postgres/stream-table.js';
import { hasTriggers } from './row-sql.js';
import { ownName, PLACE, type TableShape } from './table-shape.js';

const OWNER = ownName('owner');
const IS_THERE = ownName('is there');
const DIFFERS = ownName('differs');
const IS_NEWER = ownName('is newer');
const DIGEST = ownName('digest');
const DATA_DIGEST = ownName('data digest');

/** SQL expressions of the page that is written. */
export interface MergingPage {
  readonly id: string;
  readonly run: string;
  readonly segment: string;
  readonly page: string;
  /** Whether the data is to be proved. */
  readonly proves: string;
  /** Its rows come late, out of quarantine. @default false */
  readonly isLate?: boolean;
}

/**
 * CTEs: `looked`, one row a key; `stored`, `taken` and `written`, what was inserted, updated, and both;
 * `superseded`; `seen`, where keys are noted.
 *
 * @param first the first parameter of the rows
 */
export function mergeRows(shape: TableShape, first: number, merging: MergingPage): string {
  const { key, qualified } = shape;
  const keys = key.map(quoteIdentifier);
  const others = shape.columns.filter((name) => !keys.includes(name));
  const named = (alias: string, names: readonly string[]): string =>
    names.map((name) => `${alias}.${name}`).join(', ');
  const same = (one: string, other: string): string =>
    keys.map((name) => `${one}.${name} = ${other}.${name}`).join(' AND ');
  const isThere = `kept.${keys[0]} IS NOT NULL`;
  const row = rowDigest(shape, 'kept');
  const data = `CASE WHEN ${merging.proves}::boolean THEN ${dataDigest(shape, 'kept')} END`;
  const digests = `${row} AS ${DIGEST}, ${data} AS ${DATA_DIGEST}`;
  return `looked AS MATERIALIZED (
  SELECT given.*, kept.page AS ${OWNER}, ${isThere} AS ${IS_THERE}, met.differs AS ${DIFFERS},
    newer.is_newer AS ${IS_NEWER}, CASE WHEN newer.is_newer THEN ${row} END AS ${DIGEST},
    CASE WHEN newer.is_newer THEN ${data} END AS ${DATA_DIGEST}
  FROM (
    SELECT DISTINCT ON (${named('given', keys)}) given.* FROM ${shape.given(first)}
    ORDER BY ${named('given', keys)}, given.occurred_at DESC NULLS LAST, given.${PLACE} DESC
  ) AS given LEFT JOIN ${qualified} AS kept ON ${same('kept', 'given')}
    CROSS JOIN LATERAL (SELECT ${isThere}
      AND ROW(${named('kept', others)}) IS DISTINCT FROM ROW(${named('given', others)}) AS differs) AS met
    CROSS JOIN LATERAL (SELECT met.differs AND ${isNewer(merging)} AS is_newer) AS newer
), stored AS (
  INSERT INTO ${qualified} AS kept (${shape.columns.join(', ')}, page)
  SELECT ${named('looked', shape.columns)}, ${merging.id}::integer FROM looked WHERE NOT ${IS_THERE}
  ON CONFLICT (${keys.join(', ')}) DO NOTHING
  RETURNING ${digests}
), taken AS (
  UPDATE ${qualified} AS kept SET
    ${others.map((name) => `${name} = looked.${name}`).join(', ')}, page = ${merging.id}::integer
  FROM looked
  WHERE looked.${IS_NEWER} AND ${same('kept', 'looked')}
    AND kept.page IS NOT DISTINCT FROM looked.${OWNER}
  RETURNING ${digests}, looked.${OWNER} AS owner,
    looked.${DIGEST} AS digest_before, looked.${DATA_DIGEST} AS data_digest_before
), written AS (
  SELECT ${DIGEST} AS digest, ${DATA_DIGEST} AS data_digest, false AS is_taken, NULL::integer AS owner
  FROM stored
  UNION ALL
  SELECT ${DIGEST}, ${DATA_DIGEST}, owner IS DISTINCT FROM ${merging.id}::integer, owner FROM taken
), superseded AS (
  INSERT INTO ingestion_superseded (page, run, taken_by, rows, digest, data_digest)
  SELECT owner, ${merging.run}::integer, ${merging.id}::integer, count(*), bit_xor(digest_before), bit_xor(data_digest_before)
  FROM taken WHERE owner IS DISTINCT FROM ${merging.id}::integer GROUP BY owner
)${noteSeen(shape, merging)}`;
}

/**
 * Rows that stay carry the id of an earlier run's page, which does not tell that this run has seen them. A row
 * that comes late takes its own from a page of any run, so that whatever was there is noted.
 */
function noteSeen({ seen, key }: TableShape, { isLate = false }: MergingPage): string {
  if (seen === null) return '';
  const keys = key.map(quoteIdentifier).join(', ');
  return `, seen AS (
  INSERT INTO ${seen} (${keys})
  SELECT ${keys} FROM looked WHERE ${IS_THERE}${isLate ? '' : ` AND NOT ${IS_NEWER}`}
)`;
}

/**
 * Of rows that were there already, those that no page of the run wrote. Where the run has pages from before
 * rows had owners, a row without one passes for theirs.
 */
export const isKnown = (owner: string, { id, run }: Pick<MergingPage, 'id' | 'run'>): string =>
  `${owner} IS DISTINCT FROM ${id}::integer AND NOT EXISTS (
    SELECT FROM ingestion_pages AS own
    WHERE own.run = ${run}::integer AND (own.id = ${owner} OR own.id IS NULL AND ${owner} IS NULL))`;

/** Rows that were looked up, as the ledger counts them. @param known `isKnown` of `owned.page` */
export const countLooked = (known: string): string => `(
  SELECT coalesce(sum(owned.rows) FILTER (WHERE ${known}), 0)::integer AS known,
    coalesce(sum(owned.differing), 0)::integer AS differing
  FROM (
    SELECT ${OWNER} AS page, count(*) AS rows,
      count(*) FILTER (WHERE ${DIFFERS} AND NOT ${IS_NEWER}) AS differing
    FROM looked WHERE ${IS_THERE} GROUP BY ${OWNER}
  ) AS owned
)`;

/**
 * Whether another page has come between the look and the change: has written one of the keys, or taken one
 * of the rows.
 */
export const IS_RACED = `(SELECT count(*) FROM written) <> (
  SELECT count(*) FROM looked WHERE NOT ${IS_THERE} OR ${IS_NEWER})`;

/** Whether a row stayed as it was that should have been updated: what keeps it so is a trigger. */
const IS_SKIPPED = `(SELECT count(*) FROM taken) < (
  SELECT count(*) FROM looked WHERE ${IS_THERE} AND ${IS_NEWER})`;

/**
 * Merges some rows of a page, and returns how many were inserted, the digest of all that were written, how
 * many were updated, and, of these, known; whether it was raced; whether a trigger has skipped a row.
 */
export const mergeGroup = (shape: TableShape, first: number, group: MergingPage): string =>
  `WITH ${mergeRows(shape, first, group)}
SELECT count(*) FILTER (WHERE NOT is_taken), coalesce(bit_xor(digest), 0),
  count(*) FILTER (WHERE is_taken),
  count(*) FILTER (WHERE is_taken AND ${isKnown('written.owner', group)}),
  NOT ${hasTriggers(shape)} AND ${IS_RACED}, ${hasTriggers(shape)} AND ${IS_SKIPPED}
FROM written`;

function isNewer(merging: MergingPage): string {
  return `NOT coalesce(given.occurred_at < kept.occurred_at, false) AND (
      coalesce(given.occurred_at > kept.occurred_at, false) OR NOT EXISTS (${laterPage(merging)}))`;
}

/** That owns the row which is there, and by which the row stays. */
function laterPage({ id, run, segment, page, isLate = false }: MergingPage): string {
  const inChain = `later.run = ${run}::integer AND later.segment = ${segment}::integer`;
  if (!isLate) {
    return `
        SELECT FROM ingestion_pages AS later
        WHERE later.id = kept.page AND ${inChain} AND later.page > ${page}::integer`;
  }
  // Of two records of one page nobody knows which came first: the row stays.
  return `
        SELECT FROM ingestion_pages AS later, ingestion_pages AS own
        WHERE later.id = kept.page AND own.id = ${id}::integer AND CASE
          WHEN ${inChain} THEN later.page >= ${page}::integer
          ELSE later.committed_at >= own.committed_at END`;
}
