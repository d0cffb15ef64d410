/**
 * Submissions: the list of ids that a client hands in, five times a key and never more.
 *
 * Two forms of body: text with one id a line, read as it streams in, and JSON. A body that is refused
 * costs no submission.
 */
import { z } from 'zod';
import type { Dataset } from './dataset.js';
import { type ApiError, invalidBody, parseJson, readText, sendError, sendWhole } from './http.js';
import type { Exchange, Simulator } from './simulator.js';
import { uuidText } from './uuid.js';

const SUBMISSIONS_MAX = 5;
const JSON_BYTES_MAX = 256 * 1024 * 1024;
const REPOSITORY = /^https:\/\/github\.com\/[^/\s]+\/[^/\s]+/;

const jsonBody = z.object({ ids: z.array(z.string()), githubRepoUrl: z.string() });

const EXHAUSTED: ApiError = {
  status: 403,
  error: 'Forbidden',
  message: `All ${SUBMISSIONS_MAX} submissions of this key are used`,
  code: 'SUBMISSION_LIMIT_REACHED',
};

interface Submission {
  readonly submissionId: string;
  readonly eventCount: number;
  readonly githubRepoUrl: string;
  readonly submittedAt: string;
  readonly timeToSubmit: {
    readonly ms: number;
    readonly seconds: number;
    readonly minutes: number;
    readonly formatted: string;
  };
  readonly submissionNumber: number;
  readonly remainingSubmissions: number;
}

/** Counts ids, and which of them the data set has. */
class IdCount {
  readonly #dataset: Dataset;
  readonly #isSeen: Uint8Array;
  eventCount = 0;
  knownCount = 0;

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
    this.#isSeen = new Uint8Array(dataset.events.count);
  }

  add(text: string): void {
    const id = text.trim();
    if (id === '') return;
    this.eventCount++;
    const place = this.#dataset.events.placeOf(id);
    if (place === null || this.#isSeen[place] === 1) return;
    this.#isSeen[place] = 1;
    this.knownCount++;
  }
}

/** The submissions of the one key, and since when its clock runs. */
export class SubmissionDesk {
  readonly #simulator: Simulator;
  readonly #accepted: Submission[] = [];
  #firstRequestAtMs: number | null = null;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  /** The time to submit counts from the first request with the key. */
  noteRequest(nowMs: number): void {
    this.#firstRequestAtMs ??= nowMs;
  }

  list(exchange: Exchange): void {
    const remainingSubmissions = SUBMISSIONS_MAX - this.#accepted.length;
    const body = { success: true, data: { submissions: this.#accepted, remainingSubmissions } };
    sendWhole(this.#simulator, exchange, { status: 200, body: JSON.stringify(body) });
  }

  async submit(exchange: Exchange): Promise<void> {
    const isText = String(exchange.request.headers['content-type'] ?? '').startsWith('text/plain');
    const read = isText ? await this.#readLines(exchange) : await this.#readJson(exchange);
    // Counted again after the body has come: another submission may have taken the last place.
    const problem = this.#accepted.length >= SUBMISSIONS_MAX ? EXHAUSTED : problemOf(read);
    if (problem !== null || 'status' in read) {
      sendError(this.#simulator, exchange, problem ?? EXHAUSTED);
      return;
    }
    const submission = this.#accept(exchange, read.ids, read.githubRepoUrl);
    const message = `Submission ${submission.submissionNumber} of ${SUBMISSIONS_MAX} received`;
    sendWhole(this.#simulator, exchange, {
      status: 200,
      body: JSON.stringify({ success: true, data: submission, message }),
    });
  }

  #accept(exchange: Exchange, ids: IdCount, githubRepoUrl: string): Submission {
    const { eventCount, knownCount } = ids;
    this.#simulator.stats.submitted({ eventCount, knownCount, githubRepoUrl });
    const ms = Math.round(exchange.arrivedAtMs - (this.#firstRequestAtMs ?? exchange.arrivedAtMs));
    const submissionNumber = this.#accepted.length + 1;
    const seconds = Math.floor(ms / 1000);
    const submission: Submission = {
      submissionId: uuidText(this.#simulator.requestWord, 0xffffffff - submissionNumber),
      eventCount,
      githubRepoUrl,
      submittedAt: new Date(exchange.serverNowMs).toISOString(),
      timeToSubmit: {
        ms,
        seconds,
        minutes: Math.floor(seconds / 60),
        formatted: `${Math.floor(seconds / 60)}m ${seconds % 60}s`,
      },
      submissionNumber,
      remainingSubmissions: SUBMISSIONS_MAX - submissionNumber,
    };
    this.#accepted.push(submission);
    return submission;
  }

  async #readLines(exchange: Exchange): Promise<ReadBody> {
    const ids = new IdCount(this.#simulator.dataset);
    let rest = '';
    for await (const chunk of exchange.request as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) ids.add(line);
    }
    ids.add(rest);
    return { ids, githubRepoUrl: exchange.url.searchParams.get('github_repo') ?? '' };
  }

  async #readJson(exchange: Exchange): Promise<ReadBody | ApiError> {
    const text = await readText(exchange.request, JSON_BYTES_MAX);
    const body = jsonBody.safeParse(text === null ? null : parseJson(text));
    if (!body.success)
      return invalidBody('Body must be text with one id a line, or JSON {ids, githubRepoUrl}');
    const ids = new IdCount(this.#simulator.dataset);
    for (const id of body.data.ids) ids.add(id);
    return { ids, githubRepoUrl: body.data.githubRepoUrl };
  }
}

interface ReadBody {
  readonly ids: IdCount;
  readonly githubRepoUrl: string;
}

function problemOf(read: ReadBody | ApiError): ApiError | null {
  if ('status' in read) return read;
  if (read.ids.eventCount === 0) return invalidBody('No event ids in the body');
  if (!REPOSITORY.test(read.githubRepoUrl))
    return invalidBody('A GitHub repository URL is required');
  return null;
}
