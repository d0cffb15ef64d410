/**
 * One task from request to batch: get the body, post the head where it is urgent, scan, hand over.
 *
 * Many tasks run in one worker at once, so everything that belongs to a task lives in its call.
 */
import { performance } from 'node:perf_hooks';
import type { Fault } from '../../src/core/fault.js';
import type { Envelope } from '../../src/paging/paging.js';
import type { Batch, BatchBuffers } from '../../src/protocol/batch.js';
import type { PageHead, PageResult, PageTask } from '../../src/protocol/fetch-messages.js';
import type { Source } from '../../src/source/source.js';
import type { Answer, HttpClient } from './http-client.js';
import { openPage, type ProvedPage, provePage } from './page.js';
import type { BodyRoom } from './receive-budget.js';
import { emptyFault } from './refusal.js';

export interface PageFetcherParts {
  readonly client: Pick<HttpClient, 'send'>;
  /** Where the path of a task is asked for. */
  readonly origin: string;
  readonly source: Source;
  /** Of the page's body. */
  readonly room: BodyRoom;
  /** Called at most once a task, before its result: the head is urgent, and known before the scan. */
  postHead(head: PageHead): void;
  /** Resolves when a scan may hold the thread. */
  scanTurn(): Promise<void>;
}

/** @returns the batch, or the fault; in either case with the buffers that are to be reused. */
export async function fetchPage(task: PageTask, parts: PageFetcherParts): Promise<PageResult> {
  const url = `${parts.origin}${task.path}`;
  const request = { method: 'GET', url, headers: {}, body: null } as const;
  const answer = await parts.client.send(request, task.buffers?.body ?? null, parts.room);
  if (answer.type === 'page') return readPage(task, parts, answer);
  const { meta } = answer;
  // Each page of this source holds an envelope, so that an empty one was spoilt on its way.
  const fault = answer.type === 'fault' ? answer.fault : emptyFault(answer, parts.source);
  const buffers = keptBuffers(answer.buffer, task.buffers?.columns ?? null);
  return { type: 'fault', taskId: task.taskId, fault, meta, buffers };
}

async function readPage(
  task: PageTask,
  parts: PageFetcherParts,
  answer: Answer & { type: 'page' },
): Promise<PageResult> {
  const { taskId } = task;
  const { source } = parts;
  const { meta, buffer } = answer;
  const columns = task.buffers?.columns ?? null;
  const fail = (fault: Fault, kept: ArrayBuffer | null): PageResult => {
    return { type: 'fault', taskId, fault, meta, buffers: keptBuffers(buffer, kept) };
  };
  const headOf = (envelope: Envelope): PageHead => {
    const { nextCursor } = envelope;
    const nextPosition = nextCursor === null ? null : source.paging.placeOf(nextCursor);
    return { type: 'head', taskId, meta, ...envelope, nextPosition };
  };

  const opened = openPage(answer.body, source);
  if (opened.type === 'fault') return fail(opened.fault, columns);
  if (opened.early !== null && !isUsable(opened.early.envelope))
    return fail(BROKEN_CURSOR, columns);
  const early = opened.early === null ? null : headOf(opened.early.envelope);
  if (task.isHeadOnly && early !== null) {
    const buffers = keptBuffers(buffer, columns);
    const scan = { batch: null, scanMs: 0, scannedAtMs: meta.endAtMs };
    return { type: 'page', taskId, head: early, ...scan, buffers };
  }
  if (task.isHeadUrgent && early !== null) {
    parts.postHead(early);
    await parts.scanTurn();
  }
  const startedAtMs = performance.now();
  const page = provePage(opened, source, columns);
  const endedAtMs = performance.now();
  const scanMs = endedAtMs - startedAtMs;
  const scannedAtMs = performance.timeOrigin + endedAtMs;
  if (page.type === 'fault') return fail(page.fault, page.columns);
  if (!isUsable(page.envelope)) return fail(BROKEN_CURSOR, page.columns);
  const head = early ?? headOf(page.envelope);
  const batch = task.isHeadOnly ? null : batchOf(page, answer);
  const buffers = batch === null ? keptBuffers(buffer, page.columns) : null;
  return { type: 'page', taskId, head, batch, scanMs, scannedAtMs, buffers };
}

const BROKEN_CURSOR: Fault = {
  code: 'CONTRACT',
  message: 'nextCursor holds half a surrogate pair or a NUL: it can be neither sent nor kept',
  retryable: false,
  status: 200,
  remedy: 'Tell the owner of the API',
};

/** Of a pair, nothing matches: the two are one character. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** JSON can write characters into a cursor that no address and no PostgreSQL text can hold. */
function isUsable({ nextCursor }: Envelope): boolean {
  return nextCursor === null || !(LONE_SURROGATE.test(nextCursor) || nextCursor.includes('\0'));
}

function batchOf(page: ProvedPage, answer: Answer & { type: 'page' }): Batch {
  return {
    rowCount: page.rowCount,
    body: answer.buffer,
    bodyBytes: answer.body.length,
    columns: page.columns,
    rejects: page.rejects,
    firstPosition: page.firstPosition,
    lastPosition: page.lastPosition,
    isDescending: page.isDescending,
  };
}

function keptBuffers(body: ArrayBuffer | null, columns: ArrayBuffer | null): BatchBuffers | null {
  return body === null || columns === null ? null : { body, columns };
}
