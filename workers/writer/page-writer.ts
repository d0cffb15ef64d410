/**
 * One page until it is committed or given up.
 *
 *   copy ──a row is known──▶ insert ──┐
 *     └─────────┬─────────────────────┴──a row is refused, or the table has triggers──▶ withoutRefused
 *               ▼
 *    conflict: again at once, for `retryForMs`
 *    database away: again with growing delays, for `retryForMs`
 *    refused for another reason: given up
 *
 * After any such failure the outcome may be unknown: the connection can break between the commit
 * and its acknowledgement. So the ledger is asked first. Should the lost transaction still be under
 * way at that moment, the ledger's key makes the second attempt wait for it, and then refuses it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, unreachable } from '../../src/core/fault.js';
import {
  delayAfter,
  endOutage,
  noFailures,
  type Outage,
  telling,
} from '../../src/postgres/database-retry.js';
import { faultFromDatabaseError } from '../../src/postgres/sql-fault.js';
import type { PageWrite } from '../../src/protocol/writer-messages.js';
import type { Connection, Connections } from './connections.js';
import type { PageMethod } from './method-choice.js';
import {
  type Commit,
  type CommitPage,
  type CommitSettings,
  commitByCopy,
  commitByInsert,
  commitWithoutRefused,
  findCommit,
} from './page-commit.js';
import type { PageIds } from './page-ids.js';
import { RowRace } from './refused-rows.js';
import { type WireBuffer, writeBindAndExecute } from './wire-buffer.js';
import { readWriteError } from './write-error.js';

/** What a page ends with, before it is a message. */
export type PageOutcome =
  | {
      readonly type: 'committed';
      readonly commit: Commit;
      readonly method: PageMethod;
      readonly isNew: boolean;
    }
  | { readonly type: 'failed'; readonly fault: Fault };

type Way = PageMethod | 'withoutRefused';

const COMMIT_BY: Readonly<Record<Way, CommitPage>> = {
  copy: commitByCopy,
  insert: commitByInsert,
  withoutRefused: commitWithoutRefused,
};

/** What all pages of a writer share. */
export interface WritePlace extends CommitSettings {
  readonly connections: Connections;
  readonly ids: PageIds;
  readonly outage: Outage;
  /** How long a database that is away is waited for, from the first failure on. */
  readonly retryForMs: number;
  /** Whether rows may be skipped or changed on their way into the table; found out by any page. */
  readonly table: { hasTriggers: boolean };
  readonly onWaiting: (fault: Fault) => void;
}

/** Conflicts pass within milliseconds; those that do not are told of, but not each. */
const CONFLICTS_PER_NOTICE = 10;

export async function writePage(
  place: WritePlace,
  page: PageWrite,
  method: PageMethod,
): Promise<PageOutcome> {
  const { outage, retryForMs, table, onWaiting } = place;
  const failures = noFailures();
  let way: Way = table.hasTriggers ? 'withoutRefused' : method;
  let mayBeCommitted = false;
  for (;;) {
    // Each of those that wait behind a page that was given up would else wait for the server anew.
    if (outage.givenUp !== null) return { type: 'failed', fault: outage.givenUp };
    const attempt = await attemptPage(place, page, way, mayBeCommitted);
    switch (attempt.type) {
      case 'committed': {
        endOutage(outage);
        const { commit, isNew } = attempt;
        return { type: 'committed', commit, method: commit.method, isNew };
      }
      case 'takeWay':
        way = attempt.way;
        table.hasTriggers ||= attempt.isUncounted;
        break;
      case 'askLedger':
        mayBeCommitted = true;
        break;
      case 'failed': {
        mayBeCommitted = true;
        const clock = { retryForMs, nowMs: performance.now(), random: Math.random() };
        const delayMs = delayAfter(failures, outage, attempt.fault, clock);
        if (delayMs === null) return { type: 'failed', fault: telling(outage, attempt.fault) };
        const isConflict = attempt.fault.code === 'DATABASE_CONFLICT';
        if (!isConflict || failures.conflicts % CONFLICTS_PER_NOTICE === 0) {
          onWaiting(attempt.fault);
        }
        await sleep(delayMs);
        break;
      }
      default:
        unreachable(attempt);
    }
  }
}

function writeReservation(wire: WireBuffer): void {
  writeBindAndExecute(wire, 'reserve_page_ids', []);
}

type Attempt =
  | { readonly type: 'committed'; readonly commit: Commit; readonly isNew: boolean }
  | { readonly type: 'takeWay'; readonly way: Way; readonly isUncounted: boolean }
  | { readonly type: 'askLedger' }
  | { readonly type: 'failed'; readonly fault: Fault };

async function attemptPage(
  { connections, ids, ...settings }: WritePlace,
  page: PageWrite,
  way: Way,
  mayBeCommitted: boolean,
): Promise<Attempt> {
  let connection: Connection;
  try {
    connection = await connections.take();
  } catch (error) {
    return { type: 'failed', fault: faultFromDatabaseError(error) };
  }
  try {
    const found = mayBeCommitted
      ? await findCommit(connection, page, way === 'copy' ? 'copy' : 'insert')
      : null;
    if (found === null) {
      const id = await ids.take(() => connection.run(writeReservation));
      const commit = await COMMIT_BY[way](connection, { ...page, id }, settings);
      connection.release(false);
      return { type: 'committed', commit, isNew: true };
    }
    connection.release(false);
    if (found === 'foreign') return { type: 'failed', fault: leaseLost(page) };
    return { type: 'committed', commit: found, isNew: false };
  } catch (error) {
    connection.release(!isStatementError(error));
    return nextAfter(error, way, { mayBeCommitted, page, relation: settings.shape.relation });
  }
}

function nextAfter(
  error: unknown,
  way: Way,
  {
    mayBeCommitted,
    page,
    relation,
  }: { readonly mayBeCommitted: boolean; readonly page: PageWrite; readonly relation: string },
): Attempt {
  if (error instanceof RowRace) return { type: 'failed', fault: ROW_RACE };
  const read = readWriteError(error, relation);
  switch (read.type) {
    case 'pageKnown':
      // Found by the key but not by the look before: its transaction ended in between.
      return mayBeCommitted ? { type: 'failed', fault: PAGE_RACE } : { type: 'askLedger' };
    case 'rowKnown':
      if (way === 'copy') return { type: 'takeWay', way: 'insert', isUncounted: false };
      // The INSERT passes over known ids, so a further unique index of the table refuses a row.
      return afterRefusal(error, way);
    case 'rowRefused':
      return afterRefusal(error, way);
    case 'uncounted':
      return { type: 'takeWay', way: 'withoutRefused', isUncounted: true };
    case 'raced':
      return { type: 'failed', fault: ROW_RACE };
    case 'notHeld':
      return { type: 'failed', fault: leaseLost(page) };
    case 'fault':
      return { type: 'failed', fault: read.fault };
    default:
      return unreachable(read);
  }
}

function afterRefusal(error: unknown, way: Way): Attempt {
  if (way !== 'withoutRefused') {
    return { type: 'takeWay', way: 'withoutRefused', isUncounted: false };
  }
  // Every row was tried by itself, so what is refused now is the ledger row.
  return { type: 'failed', fault: faultFromDatabaseError(error) };
}

const PAGE_RACE: Fault = {
  code: 'DATABASE_CONFLICT',
  message: 'another transaction wrote the same page of the ledger',
  retryable: true,
};

export const ROW_RACE: Fault = {
  code: 'DATABASE_CONFLICT',
  message: 'another page has written one of its rows meanwhile',
  retryable: true,
};

/** Whatever the ledger has of the page by now, its rows are not ours. */
function leaseLost({ run, segment, page }: PageWrite): Fault {
  return {
    code: 'LEASE_LOST',
    message: `page ${page} is not written: another member holds segment ${segment} of run ${run} by now`,
    retryable: false,
    remedy: 'Start again: the run goes on from its committed pages',
  };
}

/** The server rolled back one statement and goes on; anything else leaves the connection in doubt. */
export function isStatementError(error: unknown): boolean {
  return (error as { severity?: unknown }).severity === 'ERROR';
}
