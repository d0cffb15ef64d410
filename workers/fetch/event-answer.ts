/** A page of an event source: its head may be known ahead of its rows. */
import { performance } from 'node:perf_hooks';
import type { Fault } from '../../src/core/fault.js';
import type { Envelope } from '../../src/paging/paging.js';
import type { PageHead, PageResult, PageTask } from '../../src/protocol/fetch-messages.js';
import type { EventSource } from '../../src/source/source.js';
import type { Answer } from './http-client.js';
import { openPage, provePage } from './page.js';
import type { PageFetcherParts } from './page-fetcher.js';
import { BROKEN_CURSOR, batchOf, isUsable, keptBuffers } from './page-result.js';
import { emptyFault } from './refusal.js';

export function readEventAnswer(
  task: PageTask,
  parts: PageFetcherParts,
  source: EventSource,
  answer: Answer,
): PageResult | Promise<PageResult> {
  if (answer.type === 'page') return readPage(task, parts, source, answer);
  const { meta } = answer;
  // Each page of such a source holds an envelope, so that an empty one was spoilt on its way.
  const fault = answer.type === 'fault' ? answer.fault : emptyFault(answer, source);
  const buffers = keptBuffers(answer.buffer, task.buffers?.columns ?? null);
  return { type: 'fault', taskId: task.taskId, fault, meta, buffers };
}

async function readPage(
  task: PageTask,
  parts: PageFetcherParts,
  source: EventSource,
  answer: Answer & { type: 'page' },
): Promise<PageResult> {
  const { taskId } = task;
  const { meta, buffer } = answer;
  const columns = task.buffers?.columns ?? null;
  const fail = (fault: Fault, kept: ArrayBuffer | null): PageResult => {
    return { type: 'fault', taskId, fault, meta, buffers: keptBuffers(buffer, kept) };
  };
  const headOf = (envelope: Envelope): PageHead => {
    const { nextCursor } = envelope;
    const nextPosition = nextCursor === null ? null : source.paging.placeOf(nextCursor);
    // It counts what lies outside of the stretch too.
    const total = source.within === null ? envelope.total : null;
    return { type: 'head', taskId, meta, ...envelope, total, nextPosition };
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
  const batch = task.isHeadOnly ? null : batchOf(page, buffer);
  const buffers = batch === null ? keptBuffers(buffer, page.columns) : null;
  return { type: 'page', taskId, head, batch, scanMs, scannedAtMs, buffers };
}
