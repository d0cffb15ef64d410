/** Records in quarantine, as the ledger keeps them: groups for an overview, one to look at, those of a page. */
import type { Pool, QueryResultRow } from 'pg';
import type { QuarantinedRecord } from '../protocol/quarantined-record.js';
import { asked } from './transaction.js';

/** Which records are meant; null: whichever. */
export interface QuarantineFilter {
  readonly source: string | null;
  readonly streams: readonly string[] | null;
  readonly run: number | null;
  /** Part of the reason, in whatever case. */
  readonly reason: string | null;
}

/** A record by its place. */
export interface RecordPlace {
  readonly run: number;
  readonly segment: number;
  readonly page: number;
  readonly index: number;
}

/** Records of one run that were refused for one reason. Instants are epoch ms. */
export interface QuarantineGroup {
  readonly source: string;
  readonly stream: string;
  readonly run: number;
  /** Without the values that it names, which differ from record to record. */
  readonly reason: string;
  readonly records: number;
  /** When its pages were fetched; null: the ledger does not have them any more. */
  readonly firstSeenMs: number | null;
  readonly lastSeenMs: number | null;
  readonly example: RecordPlace;
  /** The run whose rows are in the table in place of this one's; null: none has replaced them. */
  readonly replacedBy: number | null;
}

export interface QuarantineList {
  /** Newest run first, the most records first. */
  readonly groups: readonly QuarantineGroup[];
  /** Of all groups, also those beyond the limit. */
  readonly groupsInAll: number;
  readonly recordsInAll: number;
}

/** One record, and where it came from. */
export interface ShownRecord extends QuarantinedRecord, RecordPlace {
  readonly source: string;
  readonly stream: string;
  readonly tableName: string;
  /** Cut after so many characters as were asked for. */
  readonly rawText: string;
  /** Of the whole text. */
  readonly rawChars: number;
  /** What the page was asked with; null: it was the first one, or the ledger does not have it any more. */
  readonly cursor: string | null;
  readonly requestId: string | null;
  readonly fetchedAtMs: number | null;
}

/** A page that has some of the records. */
export interface QuarantinedPage extends Omit<RecordPlace, 'index'> {
  readonly records: number;
}

const WHERE = `
  FROM ingestion_quarantine AS q JOIN ingestion_runs AS r USING (run)
  WHERE ($1::text IS NULL OR r.source = $1) AND ($2::text[] IS NULL OR r.stream = ANY ($2))
    AND ($3::integer IS NULL OR q.run = $3)
    AND ($4::text IS NULL OR strpos(lower(q.reason), lower($4)) > 0)`;

// PostgreSQL's words name the value, as in: invalid input syntax for type bigint: "much".
const PLAIN_REASON = `regexp_replace(regexp_replace(q.reason, '(: |value |Token )"[^"]*"', '\\1"…"', 'g'),
  '=[(].*?[)]', '=(…)', 'g')`;

const LIST = `
  WITH found AS (
    SELECT r.source, r.stream, q.run, r.replaced_by, q.segment, q.page, q.index, ${PLAIN_REASON} AS reason
    ${WHERE}
  ), groups AS (
    SELECT source, stream, run, replaced_by AS "replacedBy", reason, count(*)::float8 AS records,
      (extract(epoch FROM min(p.fetched_at)) * 1000)::float8 AS "firstSeenMs",
      (extract(epoch FROM max(p.fetched_at)) * 1000)::float8 AS "lastSeenMs",
      (array_agg(jsonb_build_object('run', run, 'segment', segment, 'page', page, 'index', index)
        ORDER BY segment, page, index))[1] AS example
    FROM found LEFT JOIN ingestion_pages AS p USING (run, segment, page)
    GROUP BY source, stream, run, replaced_by, reason
  )
  SELECT *, (count(*) OVER ())::float8 AS "groupsInAll", (sum(records) OVER ())::float8 AS "recordsInAll"
  FROM groups ORDER BY run DESC, records DESC, reason LIMIT $5`;

const SHOW = `
  SELECT r.source, r.stream, r.table_name AS "tableName", q.run, q.segment, q.page, q.index, q.reason,
    left(q.raw_text, $5) AS "rawText", length(q.raw_text) AS "rawChars", p.cursor,
    p.request_id AS "requestId", (extract(epoch FROM p.fetched_at) * 1000)::float8 AS "fetchedAtMs"
  FROM ingestion_quarantine AS q JOIN ingestion_runs AS r USING (run)
    LEFT JOIN ingestion_pages AS p USING (run, segment, page)
  WHERE q.run = $1 AND q.segment = $2 AND q.page = $3 AND q.index = $4`;

// In the order in which they came, so that of two records of one key the later one is tried last.
const PAGES = `
  SELECT q.run, q.segment, q.page, count(*)::float8 AS records
  ${WHERE} AND r.origin = $5 AND ($3::integer IS NOT NULL OR r.replaced_by IS NULL)
  GROUP BY q.run, q.segment, q.page ORDER BY q.run, q.segment, q.page`;

const RECORDS = `
  SELECT index, reason, raw_text AS "rawText" FROM ingestion_quarantine
  WHERE run = $1 AND segment = $2 AND page = $3
    AND ($4::text IS NULL OR strpos(lower(reason), lower($4)) > 0)
  ORDER BY index`;

/** Every function throws an IngestionError with the fault of the database when it fails. */
export class Quarantine {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async list(filter: QuarantineFilter, groupsMax: number): Promise<QuarantineList> {
    type Row = QuarantineGroup & Omit<QuarantineList, 'groups'>;
    const rows = await this.#rows<Row>(LIST, [...valuesOf(filter), groupsMax]);
    const { groupsInAll = 0, recordsInAll = 0 } = rows[0] ?? {};
    const groups = rows.map(({ groupsInAll: _, recordsInAll: __, ...group }) => group);
    return { groups, groupsInAll, recordsInAll };
  }

  /** Null: there is no such record. */
  async show(
    { run, segment, page, index }: RecordPlace,
    charsMax: number,
  ): Promise<ShownRecord | null> {
    const rows = await this.#rows<ShownRecord>(SHOW, [run, segment, page, index, charsMax]);
    return rows[0] ?? null;
  }

  /**
   * The pages of runs over one origin, in the order in which they came; those of runs whose rows were replaced
   * only where that run is meant.
   */
  pages(filter: QuarantineFilter, origin: string): Promise<QuarantinedPage[]> {
    return this.#rows<QuarantinedPage>(PAGES, [...valuesOf(filter), origin]);
  }

  /** Records of one page, in its order. @param reason as in the filter */
  records(
    { run, segment, page }: QuarantinedPage,
    reason: string | null,
  ): Promise<QuarantinedRecord[]> {
    return this.#rows<QuarantinedRecord>(RECORDS, [run, segment, page, reason]);
  }

  async #rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await asked(this.#pool.query<Row & QueryResultRow>(text, [...values]))).rows;
  }
}

function valuesOf({ source, streams, run, reason }: QuarantineFilter): unknown[] {
  return [source, streams, run, reason];
}
