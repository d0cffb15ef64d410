/**
 * A page of a source file. Its records are read first: the next page may depend on their number, or on the
 * last of them.
 */
import { performance } from 'node:perf_hooks';
import { withStatements } from '../../src/core/declared-statements.js';
import { type Fault, refusesPlace } from '../../src/core/fault.js';
import type { Way } from '../../src/paging/paging.js';
import { END } from '../../src/paging/ways.js';
import type { PageResult, PageTask, ResponseMeta } from '../../src/protocol/fetch-messages.js';
import type { RecordSource } from '../../src/source/source.js';
import type { Answer } from './http-client.js';
import { BROKEN_CURSOR, batchOf, isUsable, keptBuffers } from './page-result.js';
import { type AnswerFacts, emptyRecordPage, readRecordPage } from './record-page.js';
import { emptyFault, refusalOf } from './refusal.js';
import { type AnswerHeaders, headerOf } from './response-headers.js';
import { ERROR_BYTES_MAX } from './response-receiver.js';

/** @param url that was asked for, without the credentials */
export function readRecordAnswer(
  task: PageTask,
  source: RecordSource,
  answer: Answer,
  url: string,
): PageResult {
  const result = readAnswer(task, source, answer, url);
  const whose = source.reading.whose(task.cursor);
  return whose === null || result.type !== 'fault'
    ? result
    : { ...result, fault: faultOfChild(result.fault, whose) };
}

/** Statuses by which an API says that one child is not there, or not for all. */
const CHILD_REFUSALS: readonly (number | undefined)[] = [403, 404, 410];

function faultOfChild(fault: Fault, whose: string): Fault {
  const named = { ...fault, message: `${fault.message} (${whose})` };
  if (!CHILD_REFUSALS.includes(fault.status)) return named;
  const rule = `{ status_code: ${fault.status}, action: ignore }`;
  const pass = `To pass over such children, add ${rule} to response_actions`;
  return { ...named, remedy: fault.remedy === undefined ? pass : `${pass}. ${fault.remedy}` };
}

function readAnswer(task: PageTask, source: RecordSource, answer: Answer, url: string): PageResult {
  const { taskId, cursor, buffers } = task;
  const { reading } = source;
  const columns = buffers?.columns ?? null;
  const asked = (status: number, headers: AnswerHeaders, from: string): AnswerFacts => ({
    ...{ status, cursor, url: from, size: reading.sizeOf(task.limit) },
    header: (name) => headerOf(headers, name),
  });
  switch (answer.type) {
    case 'fault': {
      const { refusal, meta } = answer;
      const end = task.isBehindEnd === true ? END : reading.kind.looksBehindEnd?.(cursor)?.way;
      const endsHere = refusesPlace(answer.fault) ? end : undefined;
      const given = refusal === null ? null : reading.wayAfter(refusal, cursor);
      const way = endsHere ?? given;
      if (way !== null && meta !== null) {
        const page = emptyRecordPage(reading, asked(meta.status, {}, url), columns, way);
        return resultOf(task, source, { page, answer: { ...answer, meta } });
      }
      const fault = refusedFault(answer.fault, source, cursor);
      return { type: 'fault', taskId, fault, meta, buffers: keptBuffers(answer.buffer, columns) };
    }
    case 'empty': {
      const seen = asked(answer.meta.status, answer.headers, answer.url);
      const fault = emptinessFault(answer, source, cursor);
      if (fault !== null) {
        const kept = keptBuffers(answer.buffer, columns);
        return { type: 'fault', taskId, fault, meta: answer.meta, buffers: kept };
      }
      return resultOf(task, source, { page: emptyRecordPage(reading, seen, columns), answer });
    }
    case 'page': {
      const startedAtMs = performance.now();
      const seen = asked(answer.meta.status, answer.headers, answer.url);
      const way = wayAfterSuccess(answer, source, cursor);
      if (way !== null) {
        return resultOf(task, source, {
          page: emptyRecordPage(reading, seen, columns, way),
          answer,
        });
      }
      const page = readRecordPage(answer.body, reading, seen, columns);
      const scanMs = performance.now() - startedAtMs;
      return resultOf(task, source, { page, answer, scanMs });
    }
  }
}

/** Of a status of success that is not the usual one, a file may say that it is no page. */
function wayAfterSuccess(
  { meta, body, headers }: Answer & { type: 'page' },
  { reading }: RecordSource,
  cursor: string | null,
): Way | null {
  if (meta.status === 200) return null;
  const text = body.toString('utf8', 0, ERROR_BYTES_MAX);
  return reading.wayAfter(refusalOf(meta, text, headers), cursor);
}

/** A page that was counted off and is refused may be the one behind the last. */
function refusedFault(fault: Fault, { reading }: RecordSource, cursor: string | null): Fault {
  const isCounted = cursor !== null && reading.kind.ordinalOf !== null;
  if (!isCounted || fault.code !== 'UNEXPECTED_STATUS' || !refusesPlace(fault)) return fault;
  const rule = `{ status_code: ${fault.status}, action: ignore }`;
  const end = `If the API ends its pages so, add ${rule} to response_actions`;
  const remedy = fault.remedy === undefined ? end : `${end}. ${fault.remedy}`;
  return { ...fault, remedy };
}

/** An empty success, other than 204, may have lost its page on the way. @returns null: it is a page without records */
function emptinessFault(
  answer: Answer & { type: 'empty' },
  source: RecordSource,
  cursor: string | null,
): Fault | null {
  const { reading } = source;
  const refusal = refusalOf(answer.meta, '', answer.headers);
  const { status, header } = refusal;
  const told = reading.readAnswer({ status, json: undefined, text: '', header });
  if (told !== null) return told;
  const isPage = status === 204 || reading.wayAfter(refusal, cursor) !== null;
  return isPage ? null : emptyFault(answer, source);
}

interface Read {
  readonly page: ReturnType<typeof readRecordPage>;
  readonly answer: { readonly buffer: ArrayBuffer | null; readonly meta: ResponseMeta };
  readonly scanMs?: number;
}

function resultOf(
  { taskId, isHeadOnly }: PageTask,
  { paging }: RecordSource,
  { page, answer, scanMs = 0 }: Read,
): PageResult {
  const { meta, buffer } = answer;
  if (page.type === 'fault' || !isUsable(page.envelope)) {
    const told = page.type === 'fault' ? page.fault : BROKEN_CURSOR;
    const waitMs = meta.limits?.retryAfter?.spanMs ?? null;
    const fault = waitMs === null ? told : { ...told, retryAfterMs: waitMs };
    return { type: 'fault', taskId, fault, meta, buffers: keptBuffers(buffer, page.columns) };
  }
  const { nextCursor } = page.envelope;
  const nextPosition = nextCursor === null ? null : paging.placeOf(nextCursor);
  const limits = withStatements(meta.limits, page.limits);
  const told = { ...meta, limits };
  const head = { type: 'head', taskId, meta: told, ...page.envelope, nextPosition } as const;
  const batch = isHeadOnly ? null : batchOf(page, page.body ?? buffer);
  return {
    ...{ type: 'page', taskId, head, batch, scanMs },
    scannedAtMs: performance.timeOrigin + performance.now(),
    buffers: batch === null ? keptBuffers(buffer, page.columns) : null,
  };
}
