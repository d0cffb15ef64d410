/** Speaks with the submissions of the API. The list may be asked for again; a submission never is. */
import { createReadStream, type ReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { type Fault, IngestionError } from '../../core/fault.js';
import type { Submission, SubmissionForm, SubmissionList } from '../../source/submission-form.js';
import type { OpenSource } from '../open-source.js';
import { ANSWER_TIMEOUT_MS } from './submit-decide.js';

const LIST_TIMEOUT_MS = 20_000;
const LIST_PAUSES_MS = [500, 1_500, 3_000] as const;

export interface IdsFile {
  readonly path: string;
  readonly bytes: number;
}

export type Posted =
  | { readonly type: 'answered'; readonly submission: Submission }
  /** The API has said no: nothing was counted. */
  | { readonly type: 'refused'; readonly fault: Fault }
  /** No answer, or none that says what became of it. */
  | { readonly type: 'lost'; readonly reason: string; readonly isBodySent: boolean };

export class SubmitClient {
  readonly #source: OpenSource;
  readonly #form: SubmissionForm;
  #file: ReadStream | null = null;
  readonly #dispatcher: Dispatcher;

  constructor(source: OpenSource, form: SubmissionForm) {
    this.#source = source;
    this.#form = form;
    this.#dispatcher = source.openDispatcher({ connections: 1, pipelining: 1 });
  }

  /** What the network has taken of the file that is being sent, or was sent last. */
  get sentBytes(): number {
    return this.#file?.bytesRead ?? 0;
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  /** @throws IngestionError when the API refuses, or does not answer for a while */
  async list(): Promise<SubmissionList> {
    for (const pauseMs of [...LIST_PAUSES_MS, null]) {
      const listed = await this.#listOnce();
      if ('submissions' in listed) return listed;
      if (!listed.retryable || pauseMs === null) throw new IngestionError(listed);
      await delay(pauseMs);
    }
    throw new Error('the last pause is null');
  }

  async #listOnce(): Promise<SubmissionList | Fault> {
    try {
      const { statusCode, body } = await request(this.#url(null), {
        dispatcher: this.#dispatcher,
        headers: this.#source.headers,
        headersTimeout: LIST_TIMEOUT_MS,
        bodyTimeout: LIST_TIMEOUT_MS,
      });
      const text = await body.text();
      if (statusCode !== 200) return this.#faultOf(statusCode, text);
      return this.#form.readList(parseJson(text)) ?? unreadable(text);
    } catch (error) {
      return {
        code: 'NETWORK',
        message: `the list of submissions cannot be had: ${reasonOf(error)}`,
        retryable: true,
      };
    }
  }

  /** Sends the file once. Never rejects for what the network or the API does. */
  async post(ids: IdsFile, githubRepoUrl: string): Promise<Posted> {
    const file = createReadStream(ids.path);
    this.#file = file;
    let isBodySent = false;
    file.once('end', () => {
      isBodySent = true;
    });
    try {
      const { statusCode, body } = await request(this.#url(githubRepoUrl), {
        dispatcher: this.#dispatcher,
        method: 'POST',
        headers: {
          ...this.#source.headers,
          'content-type': 'text/plain',
          'content-length': String(ids.bytes),
        },
        body: file,
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
      });
      const text = await body.text();
      if (statusCode >= 200 && statusCode < 300) {
        const submission = this.#form.readSubmission(parseJson(text));
        if (submission !== null) return { type: 'answered', submission };
        return { type: 'lost', reason: 'its answer cannot be read', isBodySent };
      }
      const fault = this.#faultOf(statusCode, text);
      // A server that failed, or one before it, does not say what it had done by then.
      if (statusCode >= 500) return { type: 'lost', reason: fault.message, isBodySent };
      return { type: 'refused', fault };
    } catch (error) {
      return { type: 'lost', reason: reasonOf(error), isBodySent };
    } finally {
      file.destroy();
    }
  }

  #faultOf(status: number, text: string): Fault {
    return this.#form.faultOf(status, parseJson(text), this.#source.sourceSpec.plan.credentials);
  }

  #url(githubRepoUrl: string | null): string {
    const { origin, basePath } = this.#source;
    return `${origin}${this.#form.path(basePath, githubRepoUrl)}`;
  }
}

function unreadable(text: string): Fault {
  const start = text.slice(0, 60).replaceAll(/\s+/g, ' ');
  return {
    code: 'CONTRACT',
    message: `the list of submissions is of an unknown form: ${start}`,
    retryable: false,
    remedy: 'Nothing was submitted, for a broken connection could not be told from a success',
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? message : `${message} (${code})`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
