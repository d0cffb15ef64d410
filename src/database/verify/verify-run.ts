/**
 * Verifies one run: the table against the ledger, within one snapshot.
 *
 *   ledger ──▶ breakpoints ──▶ COPY: a sum for each element ──▶ judge ──▶ differences
 *                                                                 └ COPY once more: name the rows
 *
 * The table is read once, in whatever order it lies on the disk, and only sums are kept: memory
 * grows with the pages, not with the rows.
 */
import type { ClientBase, Pool } from 'pg';
import { checkEventsTable } from '../events-table.js';
import { type Judgement, judgeTable } from './judge-table.js';
import { checkLedger, uncovered } from './ledger-checks.js';
import { RowLocator } from './locate-rows.js';
import type { TableView } from './page-claims.js';
import { pageName } from './page-names.js';
import { readLedger, readOrphans, readStrays } from './read-ledger.js';
import type { RowColumns } from './row-decoder.js';
import { Strays } from './strays.js';
import { type ReadRows, sumTable } from './sum-table.js';
import { pageDifference, unclaimedRows } from './table-differences.js';
import { type TableReader, withTableReader } from './table-reader.js';
import type { Difference, Verification, VerifiedPage, VerifiedRun } from './verify-types.js';

export interface VerifySettings {
  readonly run: number;
  /** Told now and then how many rows were read; `claimed`: how many the ledger says there are. */
  readonly onProgress?: (rowsRead: number, claimed: number) => void;
}

/**
 * @returns null when the ledger has no such run
 * @throws IngestionError with the fault of the database
 */
export async function verifyRun(
  pool: Pool,
  settings: VerifySettings,
): Promise<Verification | null> {
  const startedAtMs = performance.now();
  return withTableReader(pool, (reader) => verifyWithin(reader, settings, startedAtMs));
}

async function verifyWithin(
  reader: TableReader,
  settings: VerifySettings,
  startedAtMs: number,
): Promise<Verification | null> {
  const { runs, pages } = await reader.ask(readLedger);
  const run = runs.find((one) => one.run === settings.run);
  if (run === undefined) return null;
  const own = pages.filter((page) => page.run === run.run);
  const strays = new Strays();
  const unpaired = await reader.ask((client) =>
    readStrays(client, pages, { run: run.run, strays }),
  );
  const claimed = own.reduce((sum, { covered }) => sum + covered, 0);
  const read = (onRows: (rows: RowColumns) => void) => {
    let rowsRead = 0;
    return reader.streamRows((rows) => {
      onRows(rows);
      rowsRead += rows.rowCount;
      settings.onProgress?.(rowsRead, claimed);
    });
  };
  const view = await sumTable(read, pages, strays);
  const judgement = judgeTable(view.table, run, runs, pages);
  const orphans = await reader.ask((client) => readOrphans(client, run.run));
  const differences = [
    ...(await reader.ask(checkDistinct)),
    ...checkLedger(run, own, orphans),
    ...unpairedStrays(pages, unpaired, run),
    ...(await nameDifferences(read, view.table, judgement, run, own)),
  ];
  const total = (count: (page: VerifiedPage) => number) =>
    own.reduce((sum, page) => sum + count(page), 0);
  return {
    ok: differences.length === 0,
    run: run.run,
    source: run.source,
    origin: run.origin,
    status: run.status,
    rows: judgement.rows.count,
    pages: own.length,
    returned: total(({ returned }) => returned),
    inserted: total(({ inserted }) => inserted),
    duplicate: total(({ duplicate }) => duplicate),
    quarantined: total(({ quarantined }) => quarantined),
    occurredAtMsSum: String(judgement.rows.ms),
    tableRows: view.rowsRead,
    differences,
    stillToFetch: run.status === 'complete' ? [] : uncovered(own),
    durationMs: Math.round(performance.now() - startedAtMs),
  };
}

async function nameDifferences(
  read: ReadRows,
  view: TableView,
  judgement: Judgement,
  run: VerifiedRun,
  pages: readonly VerifiedPage[],
): Promise<Difference[]> {
  const locator = new RowLocator(view, judgement);
  if (locator.isNeeded) await read((rows) => locator.look(rows));
  return [
    ...judgement.suspects.map((suspect) =>
      pageDifference(suspect, run.run, locator.noteOn(suspect)),
    ),
    ...judgement.unclaimedElements.map((element) =>
      unclaimedRows(view, element, { pages, ids: locator.unclaimedIds(element) }),
    ),
    ...judgement.differences,
  ];
}

/** Each id is there once, as long as the table's unique index is: nothing here counts ids. */
async function checkDistinct(client: ClientBase): Promise<Difference[]> {
  const fault = await checkEventsTable(client);
  if (fault === null) return [];
  return [{ kind: 'ledger', where: 'the table', message: fault.message }];
}

function unpairedStrays(
  pages: readonly VerifiedPage[],
  unpaired: ReadonlySet<number>,
  run: VerifiedRun,
): Difference[] {
  return pages.flatMap((page, index) => {
    if (page.run !== run.run || !unpaired.has(index)) return [];
    return [
      {
        kind: 'ledger' as const,
        where: pageName(page, run.run),
        message: 'stray_ids and stray_ms are not of one length',
        segment: page.segment,
        page: page.page,
      },
    ];
  });
}
