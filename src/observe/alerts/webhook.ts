/** Posts to a webhook over HTTP. Its address is a secret: faults are told by their code alone. */
import type { Dispatcher } from 'undici';
import { spanUntil } from '../../core/header-time.js';
import type { Proxies } from '../../protocol/fetch-messages.js';
import { decoded } from '../redact.js';
import type { Answer } from './delivery.js';

/** PagerDuty and Slack answer within a second. */
const TIMEOUT_MS = 4_000;
const LATE = new Error('no answer in time');

export interface WebhookOptions {
  readonly userAgent: string;
  /** Null: it is posted to the receiver itself. */
  readonly proxies: Proxies | null;
  /** What one attempt may take, its connection included. */
  readonly timeoutMs?: number;
}

export class Webhook {
  /** Scheme, host and port: what may be shown of the address. */
  readonly shownAs: string;
  readonly #url: URL;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;
  readonly #proxies: Proxies | null;
  #agent: Dispatcher | null = null;

  constructor(address: string, { userAgent, proxies, timeoutMs = TIMEOUT_MS }: WebhookOptions) {
    this.#timeoutMs = timeoutMs;
    this.#proxies = proxies;
    const url = new URL(address);
    const { username, password } = url;
    this.shownAs = url.origin;
    this.#headers = { 'content-type': 'application/json', 'user-agent': userAgent };
    if (username !== '' || password !== '') {
      const pair = `${decoded(username)}:${decoded(password)}`;
      this.#headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
      url.username = '';
      url.password = '';
    }
    this.#url = url;
  }

  /** Posts once; never rejects. A redirect is not followed: it is an answer like any other. */
  async post(body: string, nowMs: () => number, stop: AbortSignal): Promise<Answer> {
    // Not `AbortSignal.any` with `AbortSignal.timeout`: the timeout within may be collected as
    // garbage before it fires (nodejs/node#57736), and the attempt would never end.
    const attempt = new AbortController();
    const giveUp = () => attempt.abort(stop.reason);
    if (stop.aborted) giveUp();
    stop.addEventListener('abort', giveUp);
    const timer = setTimeout(() => attempt.abort(LATE), this.#timeoutMs);
    const { signal } = attempt;
    try {
      // Loaded with the first alert: it would cost each start a tenth of a second.
      const { Agent, EnvHttpProxyAgent, request } = await import('undici');
      const options = { connect: { timeout: this.#timeoutMs }, connections: 1 };
      this.#agent ??=
        this.#proxies === null
          ? new Agent(options)
          : new EnvHttpProxyAgent({ ...options, ...this.#proxies, proxyTunnel: false });
      const answer = await request(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body,
        signal,
        dispatcher: this.#agent,
      });
      // Nothing in it is of use, and the connection is free once it is read.
      await answer.body.dump({ limit: 65_536, signal }).catch(() => {});
      const text = answer.headers['retry-after'];
      const retryAfterMs = typeof text === 'string' ? spanUntil(text, nowMs()) : null;
      return { type: 'answered', status: answer.statusCode, retryAfterMs };
    } catch (error) {
      return {
        type: 'fault',
        code: error === LATE ? `no answer in ${this.#timeoutMs / 1000} s` : codeOf(error),
      };
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', giveUp);
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#agent?.destroy().catch(() => {});
  }
}

function codeOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: unknown };
  return typeof code === 'string' ? code : (name ?? 'unknown fault');
}
