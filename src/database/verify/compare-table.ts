/**
 * Compares the rows of the table, by their owners, with what the ledger says that its pages wrote. Pure.
 *
 *   page of the run ── as many rows, the same digest ──▶ proven
 *   page of another run ── proves what this run found there and did not write
 *   no page, though there were such rows before rows had owners ── only their number is known
 *   no page, or one that the ledger does not have ──▶ added
 *
 * Rows that are missing from pages of other runs may have been deleted before this run, which then wrote
 * them anew. So they count only where they are more than were written since, or where this run has found
 * more than is there.
 */
import { number, pageDifference, rowCount } from './page-names.js';
import type { RowIds } from './read-table.js';
import type { Difference, Ledger, OwnedRows, RowOwners, VerifiedPage } from './verify-types.js';

/** A page whose rows are not those that it wrote. */
export interface Suspect {
  readonly page: VerifiedPage;
  readonly id: number;
  readonly kind: 'missing' | 'added' | 'changed';
  readonly inTable: number;
}

export interface Comparison {
  readonly suspects: readonly Suspect[];
  readonly owners: RowOwners;
  /** Rows without an owner beyond those that were there before rows had owners; negative: fewer. */
  readonly unownedChange: number;
  /** Owners that the ledger does not have, with the number of their rows. */
  readonly unknown: readonly OwnedRows[];
}

export function compareTable(ledger: Ledger, table: readonly OwnedRows[]): Comparison {
  const { run, pages, unownedBefore } = ledger;
  const byOwner = new Map(table.map((owned) => [owned.page, owned]));
  const byId = new Map(pages.map((page) => [page.id, page]));
  const isUnknown = ({ page }: OwnedRows): boolean => page !== null && !byId.has(page);
  const isOwn = ({ page }: OwnedRows): boolean => page !== null && byId.get(page)?.run === run.run;
  const rowsOf = (owned: readonly OwnedRows[]): number =>
    owned.reduce((sum, { rows }) => sum + rows, 0);
  const unknown = table.filter(isUnknown);
  const nobody = byOwner.get(null)?.rows ?? 0;
  const ownRows = rowsOf(table.filter(isOwn));
  const otherRuns = rowsOf(table) - ownRows - rowsOf(unknown) - nobody;
  const owners = { run: ownRows, otherRuns, nobody, unknown: rowsOf(unknown) };

  const suspects = pages.flatMap((page) => suspectOf(page, byOwner) ?? []);
  const own = suspects.filter(({ page }) => page.run === run.run);
  const others = suspects.filter(({ page }) => page.run !== run.run);
  const ofKind = (kind: Suspect['kind']): Suspect[] => others.filter((one) => one.kind === kind);
  const unownedChange = nobody - unownedBefore;
  const missing = ofKind('missing');
  const lost = missing.reduce((sum, { page, inTable }) => sum + ownedRows(page) - inTable, 0);
  // The rows before what is new are those of runs before it.
  const goesOn = ledger.pass.type !== 'full';
  const restsOnOthers = goesOn || restOfOthers(ledger) > 0;
  const hasLost =
    restsOnOthers &&
    isLost(ledger, { lost: lost + Math.max(0, -unownedChange), held: otherRuns + nobody });
  const hasUnownedPages = pages.some((page) => page.run === run.run && page.id === null);
  const tellsOfUnowned = unownedChange > 0 || hasUnownedPages || hasLost;
  return {
    suspects: [
      ...own,
      ...ofKind('added'),
      ...(restsOnOthers ? ofKind('changed') : []),
      ...(hasLost ? missing : []),
    ],
    owners,
    unownedChange: tellsOfUnowned ? unownedChange : 0,
    unknown,
  };
}

function suspectOf(
  page: VerifiedPage,
  byOwner: ReadonlyMap<number | null, OwnedRows>,
): Suspect | null {
  const { id, digest, dataDigest } = page;
  if (id === null) return null;
  const held = byOwner.get(id) ?? { rows: 0, digest: '0', dataDigest: '0' };
  const suspect = { page, id, inTable: held.rows };
  const owned = ownedRows(page);
  if (held.rows < owned) return { ...suspect, kind: 'missing' };
  if (held.rows > owned) return { ...suspect, kind: 'added' };
  const isSameData =
    dataDigest === null || held.dataDigest === null || dataDigest === held.dataDigest;
  return held.digest === digest && isSameData ? null : { ...suspect, kind: 'changed' };
}

/** Rows that carry its id by the ledger: those that it wrote, less those that later pages took over. */
function ownedRows({ inserted, updated, superseded }: VerifiedPage): number {
  return inserted + updated - superseded;
}

/** Rows that the run has by its word, and that pages of others own. */
export function restOfOthers({ run, pages, takenFromOthers }: Ledger): number {
  const known = pages.reduce((sum, page) => (page.run === run.run ? sum + page.known : sum), 0);
  return known - takenFromOthers;
}

/** What tells that rows of others which this run has found are gone. */
interface Loss {
  /** By what their pages say. */
  readonly lost: number;
  /** Rows of others that are there. */
  readonly held: number;
}

function isLost(ledger: Ledger, { lost, held }: Loss): boolean {
  if (ledger.pass.type !== 'full' && lost > 0) return true;
  const { run, pages } = ledger;
  const writtenSince = pages
    .filter((page) => page.run >= run.run && page.id !== null)
    .reduce((sum, page) => sum + ownedRows(page), 0);
  if (lost > writtenSince) return true;
  // A walk that began again found what it had found before.
  const walks = pages.filter(
    (page) => page.run === run.run && page.after === null && page.cursor === null,
  );
  return lost > 0 && walks.length <= 1 && restOfOthers(ledger) > held;
}

/** The differences in words. @param strangers @param ownerless what a second look has found */
export function tableDifferences(
  { run, unownedBefore }: Ledger,
  { suspects, unownedChange, unknown, owners }: Comparison,
  found: { readonly strangers: RowIds; readonly ownerless: RowIds },
): Difference[] {
  const ofPages = suspects.map((suspect) => {
    // Where records were refused, or stored later, the page's own rows are of several transactions.
    const { quarantined, retried } = suspect.page;
    const ids = quarantined + retried > 0 ? [] : (found.strangers.get(suspect.id) ?? []);
    return suspectDifference(suspect, run.run, ids);
  });
  const ofUnknown = unknown.map(({ page, rows }): Difference => {
    const ids = listed(found.ownerless.get(page) ?? [], rows);
    const message = `${rowCount(rows)} of a page that the ledger does not have${ids}`;
    return { kind: 'added', where: `page id ${page}`, message };
  });
  const where = 'rows without an owner';
  if (unownedChange > 0) {
    // Which of several are new, nobody can tell.
    const ids = unownedBefore > 0 ? '' : listed(found.ownerless.get(null) ?? [], owners.nobody);
    const message = `${rowCount(unownedChange)} that no page of the ledger wrote${ids}`;
    return [...ofPages, ...ofUnknown, { kind: 'added', where, message }];
  }
  if (unownedChange < 0) {
    const message = `${rowCount(-unownedChange)} fewer than when rows got owners, and none of them is known`;
    return [...ofPages, ...ofUnknown, { kind: 'missing', where, message }];
  }
  return [...ofPages, ...ofUnknown];
}

function suspectDifference(suspect: Suspect, run: number, ids: readonly string[]): Difference {
  const { page, kind, inTable } = suspect;
  const owned = ownedRows(page);
  const counts = `(${number(inTable)} in the table, ${number(owned)} in the ledger)`;
  const later = ids.length === 0 ? '' : `: written since, ${ids.join(', ')}`;
  switch (kind) {
    case 'missing':
      return pageDifference(kind, page, run, `${rowCount(owned - inTable)} missing ${counts}`);
    case 'added':
      return pageDifference(kind, page, run, `${rowCount(inTable - owned)} more ${counts}${later}`);
    case 'changed': {
      const what = page.dataDigest === null ? 'id or occurred_at' : 'id, occurred_at or data';
      const message = `as many rows as in the ledger (${number(owned)}), but another ${what}${later}`;
      return pageDifference(kind, page, run, message);
    }
  }
}

function listed(ids: readonly string[], rows: number): string {
  if (ids.length === 0) return '';
  return `: ${ids.join(', ')}${rows > ids.length ? ', …' : ''}`;
}
