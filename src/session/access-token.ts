/**
 * The access token of an OAuth 2 source: got when it is first wanted, and again before it expires.
 *
 *   none ── current ──▶ asked for (once, for all who wait) ──▶ held ── nearly expired, refused ──▶ none
 *                              └── refused ──▶ final
 *
 * A server may give a new refresh token with each access token and forget the old one. The new one is
 * kept before the access token is used: a process that ends then leaves a way in.
 */
import { assert, IngestionError } from '../core/fault.js';
import {
  REAL_CLOCK,
  TokenEndpoint,
  type TokenEndpointParts,
  type TokenVerdict,
} from './token-endpoint.js';

/** A token is renewed this share of its life before its end, and not earlier than this. */
const MARGIN_SHARE = 0.1;
const MARGIN_MS_MAX = 60_000;

export interface RefreshTokenStore {
  /** The newest; null: none was kept. */
  load(): Promise<string | null>;
  save(refreshToken: string): Promise<void>;
}

export interface AccessTokenParts extends TokenEndpointParts {
  readonly store: RefreshTokenStore;
  /** Told of each token that comes, to be kept out of the log. */
  conceal(secret: string): void;
}

interface Held {
  readonly token: string;
  readonly renewAtMs: number;
}

type Granted = TokenVerdict & { type: 'token' };
type Refused = TokenVerdict & { type: 'refused' };

export class AccessToken {
  readonly #parts: AccessTokenParts;
  readonly #endpoint: TokenEndpoint;
  #held: Held | null = null;
  #pending: Promise<string> | null = null;
  /** The endpoint's no, which it would only say again. */
  #refusal: IngestionError | null = null;
  /** A refresh token that came and is not kept yet. */
  #unsaved: string | null = null;

  constructor(parts: AccessTokenParts) {
    this.#parts = parts;
    this.#endpoint = new TokenEndpoint(parts);
  }

  /** Requests for tokens, those in vain too. */
  get requestCount(): number {
    return this.#endpoint.requestCount;
  }

  /**
   * A token that is good for a while.
   *
   * @throws IngestionError, CREDENTIALS where the endpoint refuses, which is final; NETWORK where it
   *   does not answer; the fault of the store
   */
  async current(): Promise<string> {
    if (this.#refusal !== null) throw this.#refusal;
    const held = this.#held;
    if (held !== null && this.#nowMs() < held.renewAtMs) return held.token;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  /** The API has said no to this token. One that was replaced since is none of our business. */
  refused(token: string): void {
    if (this.#held?.token === token) this.#held = null;
  }

  async #renew(): Promise<string> {
    const { auth, conceal } = this.#parts;
    const { token, lifeMs, askedAtMs } =
      auth.grant === 'refresh_token' ? await this.#refresh() : await this.#ask(null);
    conceal(token);
    const marginMs = Math.min(MARGIN_MS_MAX, lifeMs * MARGIN_SHARE);
    this.#held = { token, renewAtMs: askedAtMs + lifeMs - marginMs };
    return token;
  }

  /**
   * With the newest refresh token. One that is refused may have been replaced, by another process or
   * in the file: every other one that there is gets its turn.
   */
  async #refresh(): Promise<Granted> {
    const { store, auth, conceal } = this.#parts;
    const tried = new Set<string>();
    let refusal: Refused | null = null;
    for (;;) {
      const stored = await store.load();
      const known = [this.#unsaved, stored, auth.refreshToken];
      const sent = known.find((token) => token !== null && !tried.has(token)) ?? null;
      if (sent === null) break;
      tried.add(sent);
      conceal(sent);
      const answer = await this.#endpoint.ask(sent);
      if (answer.type === 'token') {
        await this.#keep(answer.refreshToken ?? sent, stored ?? auth.refreshToken);
        return answer;
      }
      refusal = answer;
      // Sent after any other refusal, an old token would make some servers revoke the newest as well.
      if (!answer.isGrantRefused) break;
    }
    assert(refusal !== null, 'a source with this grant has a refresh token');
    throw this.#refuse(refusal);
  }

  /** @param kept the one that the next process would begin with */
  async #keep(good: string, kept: string): Promise<void> {
    if (good !== kept) {
      this.#parts.conceal(good);
      this.#unsaved = good;
      await this.#parts.store.save(good);
    }
    this.#unsaved = null;
  }

  async #ask(refreshToken: string | null): Promise<Granted> {
    const answer = await this.#endpoint.ask(refreshToken);
    if (answer.type === 'token') return answer;
    throw this.#refuse(answer);
  }

  #refuse(answer: Refused): IngestionError {
    this.#refusal = new IngestionError(this.#endpoint.refusal(answer));
    return this.#refusal;
  }

  #nowMs(): number {
    return (this.#parts.clock ?? REAL_CLOCK).nowMs();
  }
}
