/**
 * Warnings of a run: what whoever uses its rows should know, though the run may be complete. Said once
 * in the log, and kept with the run for its result, its report and `status`.
 */
import type { TotalFall } from '../core/announced-total.js';
import type { OtherColumn } from '../database/column-types.js';
import type { Run, RunTotals } from '../database/ledger-types.js';
import type { WatermarkChange } from '../database/watermarks.js';
import { formatCount } from '../observe/eta.js';
import type { Logger } from '../observe/logger.js';
import { quoteIdentifier } from '../postgres/stream-table.js';
import type { Disposition } from '../protocol/record-target.js';
import { cursorScalar, instantOf, readCursorValue } from '../source/cursor-value.js';
import { passOf, passText } from '../source/pass.js';
import type { IncrementalPlan } from '../source/plan.js';

/** Clocks differ, and a day has its zone. */
const AHEAD_MS = 86_400_000;

export class RunWarnings {
  readonly #log: Logger;
  readonly #texts: string[];

  /** @param earlier those of earlier processes */
  constructor(log: Logger, earlier: readonly string[]) {
    this.#log = log;
    this.#texts = [...earlier];
  }

  get texts(): readonly string[] {
    return this.#texts;
  }

  /** @param text null: nothing to say */
  add(text: string | null): void {
    if (text === null || this.#texts.includes(text)) return;
    this.#texts.push(text);
    this.#log.warn({ event: 'run_warned' }, text);
  }
}

/** @param earlierRun over the same stream; null: there is none @returns null when rows have a key, by which they are known */
export function recordsStoredAgain(
  earlierRun: number | null,
  { tableName, tableKey, settings }: Pick<Run, 'tableName' | 'tableKey' | 'settings'>,
): string | null {
  if (earlierRun === null || tableKey.length > 0) return null;
  const pass = passOf(settings);
  if (pass.type !== 'full') {
    return (
      `without a primary_key no record can be recognised: what earlier runs stored in ${tableName} of ` +
      `${passText(pass)} is stored there again. Name a primary_key`
    );
  }
  return (
    `without a primary_key no record can be recognised: what run ${earlierRun} stored in ${tableName} ` +
    'is stored there again. Name a primary_key, or empty the table before --restart'
  );
}

/** @param columns of the table that are not as the source file declares them @returns null when all are */
export function otherColumnTypes(table: string, columns: readonly OtherColumn[]): string | null {
  if (columns.length === 0) return null;
  const named = columns.map(({ name, type, declared }) => `${name} is ${type}, not ${declared}`);
  const changes = columns.map(({ name, declared }) => {
    const column = quoteIdentifier(name);
    return `ALTER COLUMN ${column} TYPE ${declared} USING ${column}::${declared}`;
  });
  return (
    `columns of ${table} are of other types than the source file declares, and stay so: ${named.join('; ')}. ` +
    `Records that do not fit the table go to quarantine. Declare its types, or change it: ALTER TABLE ${table} ${changes.join(', ')}`
  );
}

/** @returns null when every record that came again was the same, or has taken the place of its row */
export function changedRecords({ differing }: RunTotals, disposition: Disposition): string | null {
  if (differing === 0) return null;
  const came = `${formatCount(differing)} records came again with other content`;
  return disposition === 'merge'
    ? `${came} and an earlier instant than the row in the table, which stays: the source sends old versions, or gives one id to two records`
    : `${came} than the row in the table, which stays as it came first: the source has changed them since, or gives one id to two records`;
}

/** @param announced records that the API says there are; null: it does not @returns null when none is missing */
export function missingRecords(
  announced: number | null,
  isOrdered: boolean,
  { returned, rows, quarantined }: RunTotals,
): string | null {
  // Without an order the API may count rows that it returns twice.
  const received = isOrdered ? rows + quarantined : returned;
  if (announced === null || received >= announced) return null;
  return (
    `the API announced ${formatCount(announced)} records, and ${formatCount(received)} different ones were ` +
    'received: it ended early, or its total is wrong. Ask its operator; --restart asks for all pages again'
  );
}

/** @param change what the run makes of the watermark; null: it stays @returns null when the next run can go on */
export function noWatermark(
  change: WatermarkChange | null,
  { returned }: Pick<RunTotals, 'returned'>,
): string | null {
  if (change === null || change.value !== null || returned === 0) return null;
  return (
    `no record tells by ${change.cursorPath} how far this run has read, so that the next one reads all again: ` +
    'check cursor_path and cursor_type of incremental'
  );
}

/** @returns null when the watermark lies in the past, or is no instant */
export function watermarkAhead(
  change: WatermarkChange | null,
  incremental: IncrementalPlan | null,
  nowMs: number,
): string | null {
  if (change?.value == null || incremental === null) return null;
  const { cursorPath, value } = change;
  const scalar = cursorScalar(value);
  const atMs =
    readCursorValue(scalar, incremental.type)?.kind === 'instant' ? instantOf(scalar, null) : null;
  if (atMs === null || atMs <= nowMs + AHEAD_MS) return null;
  return (
    `the highest ${cursorPath} is ${scalar}, which lies ahead of now: until then later runs ask for nothing before it. ` +
    'Correct that record at the source; --full then sets the watermark anew'
  );
}

/** @param isPassed whether records came behind the total that their own answer told */
export function passedTotal(isPassed: boolean): string | null {
  if (!isPassed) return null;
  return (
    'records came behind the total that the API tells, which counts only so far, or counts a page: with ' +
    'total_path: null in the paginator the walk goes to an empty page, whatever the total says'
  );
}

/**
 * Of a walk that counts records or pages: what was removed or added in front of it has moved the others.
 *
 * @param fall of the total that the API announced; null: it has not gone down
 * @returns null when nothing shows that
 */
export function movedRecords(
  fall: TotalFall | null,
  { returned, rows, quarantined }: RunTotals,
): string | null {
  const repeated = returned - rows - quarantined;
  const signs = [
    ...(fall === null
      ? []
      : [`the API announced ${formatCount(fall.from)} records, then ${formatCount(fall.to)}`]),
    ...(repeated <= 0 ? [] : [`${formatCount(repeated)} records came more than once`]),
  ];
  if (signs.length === 0) return null;
  return (
    `records were removed or added while their pages were counted off (${signs.join('; ')}): ` +
    'some may have moved past the walk and be missing. --restart asks for all pages again; ' +
    'a cursor or keyset paginator, where the API has one, does not lose its place'
  );
}

/**
 * Of a walk that counts records or pages, where rows that it has not seen are to be deleted.
 *
 * @param announced records that the API says there are; null: it does not
 */
export function unknownMoves(announced: number | null): string | null {
  if (announced !== null) return null;
  return (
    'its pages are counted off, and no total tells whether records were removed meanwhile, by which others ' +
    'move past the walk; a cursor or keyset paginator, where the API has one, does not lose its place'
  );
}
