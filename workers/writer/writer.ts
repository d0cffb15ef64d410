/**
 * The writer: takes pages, bounds how many are written at once, and answers each.
 *
 * Owns the connections, the queue in front of them and the choice of method. Does not own which page
 * belongs where: pages of one segment may commit in any order.
 *
 *   closed ──open──▶ open ──drain──▶ drained
 *              └──▶ awaitsTable ──first page──▶ open      the table is not there yet
 */
import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { assert, type Fault, IngestionError } from '../../src/core/fault.js';
import { answerDeadlineMs, withClient } from '../../src/postgres/client.js';
import {
  delayAfter,
  noFailures,
  noOutage,
  type Outage,
  telling,
} from '../../src/postgres/database-retry.js';
import { faultFromDatabaseError, isConnectionShortage } from '../../src/postgres/sql-fault.js';
import { EVENTS_TABLE, tableName } from '../../src/postgres/stream-table.js';
import {
  CONNECTIONS_MAX,
  CONNECTIONS_MIN,
  type PageWrite,
  type StreamWriter,
  type WriteResult,
  type WriterNews,
  type WriterSettings,
} from '../../src/protocol/writer-messages.js';
import { type Connections, openConnections } from './connections.js';
import { hasOurDigest, measureRoundTrip, tryConnectAll } from './first-connections.js';
import { afterPage, initialChoice, type MethodChoice } from './method-choice.js';
import { ObservedRecords } from './observed-records.js';
import { PageIds } from './page-ids.js';
import { retryPage } from './page-retry.js';
import { type WritePlace, writePage } from './page-writer.js';
import { openRecordTable } from './record-table.js';
import { recordFields } from './retried-records.js';
import { sampleRecords } from './sample-records.js';
import { EVENTS_SHAPE, type TableShape } from './table-shape.js';
import { afterRefusal, afterWrite, initialLoad, type WriterLoad } from './writer-connections.js';

type State =
  | { readonly phase: 'closed' }
  | {
      readonly phase: 'awaitsTable';
      readonly settings: WriterSettings;
      readonly listener: (news: WriterNews) => void;
      /** The first pages may come at once: one of them makes the table. */
      opening: Promise<OpenState | Fault> | null;
    }
  | {
      readonly phase: 'open';
      readonly shape: TableShape;
      readonly settings: WriterSettings;
      readonly listener: (news: WriterNews) => void;
      readonly connections: Connections;
      readonly ids: PageIds;
      readonly queue: PQueue;
      readonly outage: Outage;
      readonly table: WritePlace['table'];
      choice: MethodChoice;
      /** Null where the number of connections is given. */
      load: WriterLoad | null;
    }
  | { readonly phase: 'drained' };

type OpenState = Extract<State, { phase: 'open' }>;

export function createWriter(): StreamWriter {
  let state: State = { phase: 'closed' };
  const observed = new ObservedRecords();

  const enter = (opened: OpenState | Fault): Fault | null => {
    if (!('phase' in opened)) return opened;
    state = opened;
    return null;
  };

  return {
    async open(settings, listener) {
      assert(state.phase === 'closed', 'a writer is opened once');
      const shape = await findShape(settings, null);
      if (isFault(shape)) return shape;
      // Whether a table takes the records of its source the first page shows, as it tells of what to make.
      const isOpened = shape?.reads === 'worker' || settings.retries === true;
      if (shape !== null && isOpened) return enter(await openOver(shape, settings, listener));
      state = { phase: 'awaitsTable', settings, listener, opening: null };
      return null;
    },

    async write(page) {
      if (state.phase === 'awaitsTable') {
        state.opening ??= makeTable(state.settings, state.listener, page);
        const fault = enter(await state.opening);
        if (fault !== null) return { type: 'failed', fault, batch: page.batch };
      }
      assert(state.phase === 'open', 'pages are written between open and drain');
      const open = state;
      observed.observe(page.batch);
      return open.queue.add(() => commitPage(open, page));
    },

    async retry(page) {
      assert(state.phase === 'open', 'records are tried again between open and drain');
      const { shape, connections, settings } = state;
      const { target, retryForMs } = settings;
      const fields = target.reads === 'worker' ? recordFields(target) : null;
      return retryPage({ shape, connections, retryForMs, fields }, page);
    },

    async drain() {
      if (state.phase === 'awaitsTable') await state.opening;
      if (state.phase === 'open') {
        const { queue, connections } = state;
        state = { phase: 'drained' };
        await queue.onIdle();
        await connections.end();
      }
      return observed.facts();
    },
  };
}

/**
 * @param page whose records tell of the types of the keys; null: nothing is made
 * @returns null when the table is not there
 */
async function findShape(
  settings: WriterSettings,
  page: PageWrite | null,
): Promise<TableShape | Fault | null> {
  const { connectionString, statementTimeoutMs, retryForMs } = settings;
  const { target, replaced, seen = null } = settings;
  if (tableName(target) === EVENTS_TABLE.qualified) return EVENTS_SHAPE;
  const sample = page === null ? null : sampleRecords(page.batch);
  const connection = {
    connectionString,
    applicationName: 'datasync-writer',
    statementTimeoutMs,
    silenceMs: answerDeadlineMs(statementTimeoutMs),
  };
  return untilAnswered(retryForMs, async () => {
    try {
      return await withClient(connection, (client) =>
        openRecordTable(client, { target, replaced, seen }, sample),
      );
    } catch (error) {
      return error instanceof IngestionError ? error.fault : faultFromDatabaseError(error);
    }
  });
}

async function makeTable(
  settings: WriterSettings,
  listener: (news: WriterNews) => void,
  page: PageWrite,
): Promise<OpenState | Fault> {
  const shape = await findShape(settings, page);
  assert(shape !== null, 'the first page makes the table');
  return isFault(shape) ? shape : openOver(shape, settings, listener);
}

async function openOver(
  shape: TableShape,
  settings: WriterSettings,
  listener: (news: WriterNews) => void,
): Promise<OpenState | Fault> {
  const { connectionsMax, autoMax = CONNECTIONS_MAX } = settings;
  const isAuto = connectionsMax === 'auto';
  const connections = openConnections(settings, shape, isAuto ? autoMax : connectionsMax);
  const count = isAuto ? Math.min(CONNECTIONS_MIN, autoMax) : connectionsMax;
  const fault = await untilAnswered(settings.retryForMs, () => tryConnectAll(connections, count));
  if (fault !== null) {
    await connections.end();
    return fault;
  }
  // Where the server computes another digest, it has to do so itself, over the rows that INSERT returns.
  const copies = shape.copy !== null && (await hasOurDigest(connections));
  return {
    phase: 'open',
    shape,
    settings,
    listener,
    connections,
    ids: new PageIds(),
    queue: new PQueue({ concurrency: count }),
    outage: noOutage(),
    table: { hasTriggers: settings.hasTriggers },
    choice: initialChoice(copies ? settings.method : 'insert', settings.expectsDuplicates),
    load: isAuto ? initialLoad(await measureRoundTrip(connections), autoMax) : null,
  };
}

/** Tries again what failed for want of a database, as pages do. */
async function untilAnswered<Answer extends object | null>(
  retryForMs: number,
  attempt: () => Promise<Answer | Fault>,
): Promise<Answer | Fault> {
  const failures = noFailures();
  const outage = noOutage();
  for (;;) {
    const answer = await attempt();
    if (!isFault(answer)) return answer;
    const clock = { retryForMs, nowMs: performance.now(), random: Math.random() };
    const delayMs = delayAfter(failures, outage, answer, clock);
    if (delayMs === null) return telling(outage, answer);
    await sleep(delayMs);
  }
}

function isFault(answer: object | null): answer is Fault {
  return answer !== null && 'code' in answer;
}

function adjust(open: OpenState, load: WriterLoad): void {
  const { queue, listener } = open;
  open.load = load;
  if (load.count === queue.concurrency) return;
  queue.concurrency = load.count;
  listener({ type: 'connections', count: load.count, roundTripMs: load.roundTripMs });
}

async function commitPage(open: OpenState, page: PageWrite): Promise<WriteResult> {
  const startedAtMs = performance.now();
  const { connections, ids, outage, shape, table, settings, choice, listener } = open;
  const onWaiting = (fault: Fault): void => {
    if (open.load !== null && isConnectionShortage(fault)) {
      adjust(open, afterRefusal(open.load, connections.openCount));
    }
    listener({ type: 'waiting', fault });
  };
  const { retryForMs, provesData, epoch = null } = settings;
  const place = {
    connections,
    ids,
    outage,
    shape,
    table,
    retryForMs,
    provesData,
    epoch,
    onWaiting,
  };
  const outcome = await writePage(place, page, choice.current);
  if (outcome.type === 'failed') {
    return { type: 'failed', fault: outcome.fault, batch: page.batch };
  }
  const endedAtMs = performance.now();
  const { commit, method, isNew } = outcome;
  if (open.load !== null) {
    adjust(open, afterWrite(open.load, endedAtMs - startedAtMs, open.queue.size));
  }
  if (isNew) open.choice = afterPage(open.choice, commit.knownRows);
  return {
    type: 'committed',
    counts: commit.counts,
    method,
    isNew,
    writeMs: endedAtMs - startedAtMs,
    committedAtMs: performance.timeOrigin + endedAtMs,
    buffers: { body: page.batch.body, columns: page.batch.columns },
  };
}
