/**
 * Records of a page that are in quarantine, tried once more: in one transaction they become rows of the page
 * that they came with, its ledger row counts them so, and they leave the quarantine.
 *
 *   kept ──read, inserted──▶ row, or duplicate of one; gone from quarantine
 *     └──refused──▶ stays, with the reason of now
 *
 * Rows carry the id of the page, so that its digest takes them in as it would have done then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../src/core/fault.js';
import { delayAfter, noFailures, noOutage } from '../../src/postgres/database-retry.js';
import { faultFromDatabaseError } from '../../src/postgres/sql-fault.js';
import {
  keptReason,
  type PageRetry,
  type QuarantinedRecord,
  type RetryResult,
} from '../../src/protocol/quarantined-record.js';
import type { RecordFields } from '../json/record-walker.js';
import type { Connection } from './connections.js';
import { type PageOfRows, selectRows } from './page-rows.js';
import { isStatementError, ROW_RACE, type WritePlace } from './page-writer.js';
import { integersParameter, textsParameter } from './quarantine-rows.js';
import { insertStorableRows, RowRace, type StoredRows } from './refused-rows.js';
import { type RefusedRecord, type RetriedRecords, readRetried } from './retried-records.js';
import type { StatementName } from './statements.js';
import { type Parameter, writeBindAndExecute } from './wire-buffer.js';
import type { TextRow } from './wire-query.js';

export interface RetryPlace extends Pick<WritePlace, 'connections' | 'shape' | 'retryForMs'> {
  /** See `readRetried`. */
  readonly fields: RecordFields | null;
}

/**
 * A conflict with another transaction passes, and is tried again. Whatever else fails ends it: whether the
 * commit was heard then, the quarantine tells whoever looks again.
 */
export async function retryPage(place: RetryPlace, retry: PageRetry): Promise<RetryResult> {
  const failures = noFailures();
  for (;;) {
    const result = await attempt(place, retry);
    if (result.type === 'retried' || result.fault.code !== 'DATABASE_CONFLICT') return result;
    const clock = { retryForMs: place.retryForMs, nowMs: performance.now(), random: Math.random() };
    const delayMs = delayAfter(failures, noOutage(), result.fault, clock);
    if (delayMs === null) return result;
    await sleep(delayMs);
  }
}

async function attempt(place: RetryPlace, retry: PageRetry): Promise<RetryResult> {
  let connection: Connection;
  try {
    connection = await place.connections.take();
  } catch (error) {
    return { type: 'failed', fault: faultFromDatabaseError(error) };
  }
  try {
    // A constraint that is deferred to the commit would not tell which row it refuses.
    await connection.command('BEGIN; SET CONSTRAINTS ALL IMMEDIATE');
    const result = await storeAgain(connection, place, retry);
    await connection.command(result.type === 'retried' ? 'COMMIT' : 'ROLLBACK');
    connection.release(false);
    return result;
  } catch (error) {
    const isUsable = isStatementError(error) || error instanceof RowRace;
    if (isUsable) await connection.command('ROLLBACK').catch(() => {});
    connection.release(!isUsable);
    const fault = error instanceof RowRace ? ROW_RACE : faultFromDatabaseError(error);
    return { type: 'failed', fault };
  }
}

/** In a transaction. @throws the server's error */
async function storeAgain(
  connection: Connection,
  { shape, fields }: RetryPlace,
  retry: PageRetry,
): Promise<RetryResult> {
  const key = [retry.run, retry.segment, retry.page].map(String);
  const [found] = await ask(connection, 'lock_page', key);
  const id = found?.[0] ?? null;
  if (id === null) return { type: 'failed', fault: notRetryable(retry, found !== undefined) };
  const read = readRetried(retry.records, fields);
  const { run, segment, page: number } = retry;
  const page: PageOfRows = {
    ...{ id: Number(id), run, segment, page: number },
    ...{ bound: null, batch: read.batch },
  };
  const stored = await insertStorableRows(connection, page, shape, true);
  const outcome = outcomeOf(read, stored);
  const known = await countKnown(connection, page, shape, stored);
  const { insertedCount: inserted, updatedCount: updated, digest, dataDigest } = stored;
  const duplicate = outcome.taken.length - inserted - updated;
  const counts = [inserted, updated, duplicate, known, outcome.taken.length].map(String);
  await ask(connection, 'amend_page', [...key, ...counts, String(digest), String(dataDigest)]);
  const [settled] = await ask(connection, 'settle_quarantine', [
    ...key,
    integersParameter(outcome.taken.map(({ index }) => index)),
    integersParameter(outcome.refused.map(({ record }) => record.index)),
    textsParameter(outcome.refused.map(({ record, reason }) => keptReason(record, reason))),
  ]);
  if (Number(settled?.[0]) !== retry.records.length) {
    return { type: 'failed', fault: workedOff(retry) };
  }
  return { type: 'retried', inserted, updated, duplicate, refused: outcome.refused.length };
}

interface Outcome {
  /** Rows now, or duplicates of some. */
  readonly taken: readonly QuarantinedRecord[];
  readonly refused: readonly RefusedRecord[];
}

function outcomeOf({ records, unreadable }: RetriedRecords, { refused }: StoredRows): Outcome {
  const byServer = [...refused].map(([row, reason]) => ({
    record: records[row] as QuarantinedRecord,
    reason,
  }));
  return {
    taken: records.filter((_, row) => !refused.has(row)),
    refused: [...unreadable, ...byServer],
  };
}

/** Of those taken, rows that no page of the run had written. */
async function countKnown(
  connection: Connection,
  page: PageOfRows,
  shape: RetryPlace['shape'],
  { knownCount, refused }: StoredRows,
): Promise<number> {
  const selected = selectRows(page, shape, new Set(refused.keys()));
  const [row] = await ask(connection, 'count_known', [
    String(page.id),
    String(page.run),
    ...shape.parameters(selected),
  ]);
  return knownCount + Number(row?.[0] ?? 0);
}

function ask(
  connection: Connection,
  statement: StatementName,
  parameters: readonly Parameter[],
): Promise<TextRow[]> {
  return connection.run((wire) => writeBindAndExecute(wire, statement, parameters));
}

/** @param isThere the page is, but was written before rows had owners */
function notRetryable({ run, segment, page }: PageRetry, isThere: boolean): Fault {
  const where = `page ${page} of segment ${segment} of run ${run}`;
  return {
    code: 'DATABASE_REFUSED',
    message: isThere
      ? `${where} was written before rows had owners: rows that are added to it could not be proved`
      : `${where} is not in the ledger any more`,
    retryable: false,
    remedy: 'Leave its records in quarantine; `datasync ingest --restart` fetches them anew',
  };
}

function workedOff({ run, segment, page }: PageRetry): Fault {
  return {
    code: 'ALREADY_RUNNING',
    message: `another process has worked off records of page ${page} of segment ${segment} of run ${run} meanwhile`,
    retryable: false,
    remedy: 'Start again: it goes on with those that are left',
  };
}
