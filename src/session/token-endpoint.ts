/** Asks the token endpoint of a source, again where it is not well, and says what came of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { type BackoffPolicy, decideRetry } from '../core/backoff.js';
import { type Fault, IngestionError } from '../core/fault.js';
import { readRetryAfter } from '../core/limit-headers.js';
import { nowMs } from '../runtime/clock.js';
import { networkFault } from '../source/network-fault.js';
import {
  type OAuthPlan,
  readTokenAnswer,
  type TokenAnswer,
  type TokenRequest,
  tokenRequest,
} from '../source/token-exchange.js';
import { USER_AGENT } from './version.js';

/** About a minute in all, for no page can be asked for meanwhile. */
const BACKOFF: BackoffPolicy = {
  ...{ maxRetries: 4, baseDelayMs: 500, maxDelayMs: 10_000, pauseMs: 10_000, maxPauses: 2 },
};
/** Who is told to wait for longer gives up. */
const WAIT_MS_MAX = 300_000;
const ANSWER_TIMEOUT_MS = 30_000;
/** An answer is far shorter; the rest of a longer one is not read. */
const ANSWER_BYTES_MAX = 65_536;

export interface TokenEndpointParts {
  /** Its references to secrets resolved. */
  readonly auth: OAuthPlan;
  /** The name of the source. */
  readonly source: string;
  /** What `auth` refers to, as the file writes it, for a message; none: the file holds its secrets. */
  readonly references: readonly string[];
  /** The way of the source, through its proxies. */
  readonly dispatcher: Dispatcher;
  readonly isProxied: boolean;
  readonly clock?: TokenClock;
}

export interface TokenClock {
  /** Epoch ms. */
  nowMs(): number;
  delay(ms: number): Promise<unknown>;
  /** Uniform in [0, 1). */
  random(): number;
}

export const REAL_CLOCK: TokenClock = { nowMs, delay: (ms) => delay(ms), random: Math.random };

type Attempt = TokenAnswer | { readonly type: 'failed'; readonly fault: Fault };

interface TokenReply {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

interface Attempted {
  readonly attempt: Attempt;
  /** How long the endpoint asks to be left alone; 0: it does not. */
  readonly waitMs: number;
}

/** What the endpoint says when it is well. */
export type TokenVerdict = TokenAnswer & {
  readonly type: 'token' | 'refused';
  /** When the request left that it answers, epoch ms. */
  readonly askedAtMs: number;
};

export class TokenEndpoint {
  readonly #parts: TokenEndpointParts;
  readonly #clock: TokenClock;
  readonly #url: URL;
  #hasAnswered = false;
  #requestCount = 0;

  constructor(parts: TokenEndpointParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? REAL_CLOCK;
    this.#url = new URL(parts.auth.tokenUrl);
  }

  /** Requests that were sent, those in vain too. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /**
   * @param refreshToken null: the client's own credentials are the grant
   * @throws IngestionError, NETWORK, where it does not answer, or is not well, for a while
   */
  async ask(refreshToken: string | null): Promise<TokenVerdict> {
    for (let failures = 1; ; failures++) {
      const askedAtMs = this.#clock.nowMs();
      const { attempt, waitMs } = await this.#attempt(refreshToken);
      if (attempt.type === 'token' || attempt.type === 'refused') return { ...attempt, askedAtMs };
      const decision = decideRetry(BACKOFF, failures, this.#clock.random());
      // A name or a certificate that is wrong now is wrong in a minute, unless it was right before.
      const isHopeless =
        attempt.type === 'failed' && attempt.fault.code === 'ADDRESS' && !this.#hasAnswered;
      if (isHopeless || decision.type === 'giveUp' || waitMs > WAIT_MS_MAX) {
        throw new IngestionError(this.#faultOf(attempt, waitMs));
      }
      await this.#clock.delay(Math.max(decision.delayMs, waitMs));
    }
  }

  /** What a refusal is for the run. */
  refusal({ reason, isGrantRefused }: TokenVerdict & { type: 'refused' }): Fault {
    const { auth, source } = this.#parts;
    const isSpent = isGrantRefused && auth.grant === 'refresh_token';
    return {
      code: 'CREDENTIALS',
      message: `the token endpoint ${this.#address} of the source "${source}" gives no access token: ${reason}`,
      retryable: false,
      remedy: isSpent
        ? `${this.#check}; the refresh token may be spent: get a new one`
        : this.#check,
    };
  }

  async #attempt(refreshToken: string | null): Promise<Attempted> {
    const { auth, isProxied } = this.#parts;
    const { headers, body } = tokenRequest(auth, refreshToken);
    this.#requestCount++;
    const answer = await this.#exchange(headers, body);
    if (answer instanceof Error) {
      const destination = { address: this.#url.origin, isProxied, setting: 'the token URL' };
      const fault = networkFault(answer, null, destination);
      return { attempt: { type: 'failed', fault }, waitMs: 0 };
    }
    this.#hasAnswered = true;
    const told = answer.retryAfter === null ? {} : { 'retry-after': answer.retryAfter };
    const waitMs = readRetryAfter(told, this.#clock.nowMs())?.spanMs ?? 0;
    return { attempt: readTokenAnswer(answer.status, answer.text, auth), waitMs };
  }

  async #exchange(headers: TokenRequest['headers'], sent: string): Promise<TokenReply | Error> {
    try {
      const answer = await request(this.#url, {
        ...{ dispatcher: this.#parts.dispatcher, method: 'POST', body: sent },
        headers: { ...headers, 'user-agent': USER_AGENT },
        ...{ headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS },
      });
      const said = answer.headers['retry-after'];
      const retryAfter = typeof said === 'string' ? said : null;
      return { status: answer.statusCode, text: await startOf(answer.body), retryAfter };
    } catch (error) {
      if (error instanceof Error) return error;
      throw error;
    }
  }

  #faultOf(attempt: Attempt & { type: 'unwell' | 'failed' }, waitMs: number): Fault {
    const reason =
      attempt.type === 'failed' ? attempt.fault.message : `${attempt.reason} from ${this.#address}`;
    const wait =
      waitMs > WAIT_MS_MAX ? `, which asks for ${Math.ceil(waitMs / 1000)} s of rest` : '';
    return {
      code: 'NETWORK',
      message: `the source "${this.#parts.source}" has no access token: ${reason}${wait}`,
      retryable: true,
      remedy: `Check that the token endpoint is well, and that token_url is right. ${this.#check}`,
    };
  }

  /** A query may hold anything. */
  get #address(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  get #check(): string {
    const { references } = this.#parts;
    const named = references.length > 0 ? references.join(', ') : 'client_id, client_secret';
    return `Check ${named} and token_url of the source`;
  }
}

/** Ends the connection of an answer that goes on. */
async function startOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of body) {
    byteCount += chunk.length;
    if (byteCount > ANSWER_BYTES_MAX) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
