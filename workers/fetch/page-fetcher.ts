/**
 * One task from request to batch: get the body, post the head where it is urgent, scan, hand over.
 *
 * Many tasks run in one worker at once, so everything that belongs to a task lives in its call.
 */
import type { PageHead, PageResult, PageTask } from '../../src/protocol/fetch-messages.js';
import { bearerHeader } from '../../src/source/authentication.js';
import type { Source } from '../../src/source/source.js';
import { readEventAnswer } from './event-answer.js';
import type { HttpClient } from './http-client.js';
import type { BodyRoom } from './receive-budget.js';
import { readRecordAnswer } from './record-answer.js';

export interface PageFetcherParts {
  readonly client: Pick<HttpClient, 'send'>;
  /** See `Source.request`. */
  readonly baseUrl: string;
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
  const { source, client, baseUrl, room } = parts;
  const request = source.request(baseUrl, task.cursor, task.limit);
  const headers = task.bearer === undefined ? {} : bearerHeader(task.bearer);
  const sent = { ...request, headers: { ...request.headers, ...headers } };
  const answer = await client.send(sent, task.buffers?.body ?? null, room);
  return source.codec === null
    ? readRecordAnswer(task, source, answer, request.url)
    : readEventAnswer(task, parts, source, answer);
}
