/** Reads the ledger of all runs: what verification compares the table with. */
import type { ClientBase } from 'pg';
import { type Position, parsePosition } from '../../core/position.js';
import { Strays } from './strays.js';
import { minus, sumOf, ZERO } from './sums.js';
import type { Ledger, Orphans, VerifiedPage, VerifiedRun } from './verify-types.js';

const LOAD_RUNS = 'SELECT run, source, origin, status FROM ingestion_runs ORDER BY run';

// Sums and digests as text: neither fits a JavaScript number.
const LOAD_PAGES = `
  SELECT p.run, p.segment, p.page, p.has_more AS "hasMore", p.after_position AS "after",
    p.through_position AS "through", p.returned, p.inserted, p.duplicate, p.quarantined, p.covered,
    p.untimed, cardinality(p.stray_ids) AS named, p.ids_digest::text AS digest, p.untimed_digest::text AS "untimedDigest",
    trim_scale(p.occurred_at_sum)::text AS "occurredAtSum", coalesce(q.kept, 0)::integer AS kept
  FROM ingestion_pages p LEFT JOIN (
    SELECT run, segment, page, count(*) AS kept FROM ingestion_quarantine GROUP BY 1, 2, 3
  ) AS q USING (run, segment, page)
  ORDER BY p.run, p.segment, p.page`;

const LOAD_ORPHANS = `
  SELECT segment, page, count(*)::integer AS count FROM ingestion_quarantine q
  WHERE run = $1 AND NOT EXISTS (
    SELECT FROM ingestion_pages p
    WHERE p.run = q.run AND p.segment = q.segment AND p.page = q.page)
  GROUP BY 1, 2 ORDER BY 1, 2`;

/** The rows of this run first, so that they are counted as its own. No parameters in a DECLARE. */
const declareStrays = (run: number): string => `
  DECLARE strays NO SCROLL CURSOR FOR
  SELECT run, segment, page, uuid_send(s.id) AS id, s.ms
  FROM ingestion_pages, unnest(stray_ids, stray_ms) AS s (id, ms)
  WHERE cardinality(stray_ids) > 0 OR cardinality(stray_ms) > 0
  ORDER BY run <> ${Math.trunc(run)}`;
const FETCH_STRAYS = 'FETCH 10000 FROM strays';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const WHOLE_NUMBER = /^-?\d+$/;

type PageRow = Omit<VerifiedPage, 'after' | 'through' | 'timed' | 'unreadable'> & {
  readonly after: string | null;
  readonly through: string | null;
  readonly digest: string;
  readonly untimedDigest: string;
  readonly occurredAtSum: string;
};

interface StrayRow {
  readonly run: number;
  readonly segment: number;
  readonly page: number;
  readonly id: Buffer | null;
  readonly ms: number | null;
}

/**
 * Within a transaction, for it uses a cursor.
 *
 * @returns null when the ledger has no such run
 */
export async function readLedger(client: ClientBase, number: number): Promise<Ledger | null> {
  const { rows: runs } = await client.query<VerifiedRun>(LOAD_RUNS);
  const run = runs.find((one) => one.run === number);
  if (run === undefined) return null;
  const read = (await client.query<PageRow>(LOAD_PAGES)).rows.map(readPage);
  const strays = new Strays();
  const unpaired = await readStrays(client, read, { run: number, strays });
  const pages = read.map((page, index) => (unpaired.has(index) ? withUnpaired(page) : page));
  const { rows: orphans } = await client.query<Orphans>(LOAD_ORPHANS, [number]);
  return { run, runs, pages, strays, orphans };
}

/** @returns the indexes of pages whose lists of ids and instants do not pair */
async function readStrays(
  client: ClientBase,
  pages: readonly VerifiedPage[],
  into: { readonly run: number; readonly strays: Strays },
): Promise<ReadonlySet<number>> {
  const indexes = new Map(pages.map((page, index) => [keyOf(page), index]));
  const unpaired = new Set<number>();
  await client.query(declareStrays(into.run));
  for (;;) {
    const { rows } = await client.query<StrayRow>(FETCH_STRAYS);
    if (rows.length === 0) break;
    for (const row of rows) {
      const pageIndex = indexes.get(keyOf(row)) as number;
      if (row.id === null) unpaired.add(pageIndex);
      else into.strays.add({ pageIndex, id: row.id, ms: row.ms ?? Number.NaN });
    }
  }
  await client.query('CLOSE strays');
  return unpaired;
}

function withUnpaired(page: VerifiedPage): VerifiedPage {
  const unreadable = [...page.unreadable, 'stray_ids and stray_ms are not of one length'];
  return { ...page, unreadable };
}

function keyOf(page: { run: number; segment: number; page: number }): string {
  return `${page.run}/${page.segment}/${page.page}`;
}

function readPage(row: PageRow): VerifiedPage {
  const { after, through, digest, untimedDigest, occurredAtSum, ...page } = row;
  const unreadable: string[] = [];
  const place = (text: string | null, name: string): Position | null => {
    if (text === null) return null;
    const position = parsePosition(text);
    if (position !== null && UUID.test(position.id)) return position;
    unreadable.push(`${name} is no place of the form ms/id`);
    return null;
  };
  const places = {
    after: place(after, 'after_position'),
    through: place(through, 'through_position'),
  };
  if (!WHOLE_NUMBER.test(occurredAtSum)) unreadable.push('occurred_at_sum is no whole number');
  if (unreadable.length > 0) return { ...page, ...places, timed: ZERO, unreadable };
  const all = sumOf({
    count: page.covered,
    digest: BigInt(digest),
    ms: BigInt(occurredAtSum),
  });
  const untimed = sumOf({ count: page.untimed, digest: BigInt(untimedDigest), ms: 0n });
  return { ...page, ...places, timed: minus(all, untimed), unreadable };
}
