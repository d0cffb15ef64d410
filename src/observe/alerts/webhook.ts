/** Posts to a webhook over HTTP. Its address is a secret: faults are told by their code alone. */
import type { Agent } from 'undici';
import { spanUntil } from '../../core/header-time.js';
import { decoded } from '../redact.js';
import type { Answer } from './delivery.js';

/** PagerDuty and Slack answer within a second. */
const TIMEOUT_MS = 4_000;

export class Webhook {
  /** Scheme, host and port: what may be shown of the address. */
  readonly shownAs: string;
  readonly #url: URL;
  readonly #headers: Record<string, string>;
  #agent: Agent | null = null;

  constructor(address: string) {
    const url = new URL(address);
    const { username, password } = url;
    this.shownAs = url.origin;
    this.#headers = { 'content-type': 'application/json', 'user-agent': 'datasync' };
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
    try {
      // Loaded with the first alert: it would cost each start a tenth of a second.
      const { Agent, request } = await import('undici');
      this.#agent ??= new Agent({ connect: { timeout: TIMEOUT_MS }, connections: 1 });
      const signal = AbortSignal.any([stop, AbortSignal.timeout(TIMEOUT_MS)]);
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
      return { type: 'fault', code: codeOf(error) };
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#agent?.destroy().catch(() => {});
  }
}

function codeOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: unknown };
  if (name === 'TimeoutError') return `no answer in ${TIMEOUT_MS / 1000} s`;
  return typeof code === 'string' ? code : (name ?? 'unknown fault');
}
