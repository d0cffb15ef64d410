/**
 * The asker: the one way out to the API. Every request has a budget, a token and a record.
 *
 *   ask ──▶ queue (bounds what waits) ──▶ gate: budget, token, start saved ──▶ request ──▶ answer
 *
 * Starts pass the gate one at a time, in order; a start is in the saved log before its request
 * leaves, as in an ingestion, so that an ingestion right after this knows of it. Where answers say
 * nothing of limits the documented limit stays in force: an exploration never tries how far it can go.
 */
import PQueue from 'p-queue';
import { assert } from '../core/fault.js';
import { type LimitLog, leastOf, longestStarts } from '../core/limit-log.js';
import { Limiter } from '../core/limiter.js';
import { ServerClock } from '../core/server-clock.js';
import { StartPlan } from '../core/start-plan.js';
import {
  ALONE,
  type StartAnswer,
  type StartRequest,
  withoutPlan,
} from '../core/start-reservation.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { ResponseMeta } from '../protocol/fetch-messages.js';
import type { PageRequest } from '../protocol/page-request.js';
import { isLetIn } from './answer.js';
import type { Answer, Asked, StartSeen } from './observations.js';
import { headersOf } from './received.js';
import type { Read } from './stream-pages.js';
import type { Received, Send } from './transport.js';

/** Where the log of starts outlives the process. */
export interface LimitMemory {
  load(): Promise<LimitLog | null>;
  reserve(request: StartRequest): Promise<StartAnswer>;
}

export interface BucketSettings {
  readonly name: string;
  /** Requests at most. */
  readonly budget: number;
  /** In force until an answer says otherwise; null: no limit. */
  readonly policy: LimitPolicy | null;
  readonly reserve: number;
  readonly memory: LimitMemory | null;
}

/** @template Seen what its answer holds */
export interface Question<Seen> {
  readonly bucket: string;
  readonly request: PageRequest;
  /** What its answer is. */
  readonly read: (received: Received) => Read<Seen>;
  readonly acceptsGzip?: boolean;
  /** Goes out although the tokens are spent: only to provoke a refusal. */
  readonly isReckless?: boolean;
}

export interface AskerParts {
  readonly send: Send;
  readonly requestsAtOnce: number;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** A wait for a token begins; it ends at `untilMs`. */
  readonly onWait: (untilMs: number) => void;
  readonly onStart: (bucket: string, spent: number) => void;
}

/** As many answers without a word on limits are believed by an ingestion as well. */
const SILENT_ANSWERS = 3;

interface BucketState {
  readonly settings: BucketSettings;
  readonly limiter: Limiter;
  readonly plan: StartPlan;
  readonly starts: StartSeen[];
  readonly gate: PQueue;
  spent: number;
  /** Called at the next answer. */
  onAnswer: () => void;
}

export class Asker {
  /** Whose time a built cursor carries. */
  readonly serverClock = new ServerClock();
  readonly #parts: AskerParts;
  readonly #buckets = new Map<string, BucketState>();
  readonly #queue: PQueue;
  #inFlight = 0;
  /** Counts starts: a request was alone when none started, or was in flight, beside it. */
  #started = 0;

  constructor(parts: AskerParts) {
    this.#parts = parts;
    this.#queue = new PQueue({ concurrency: parts.requestsAtOnce });
  }

  /** @returns the starts of earlier processes, epoch ms */
  async addBucket(settings: BucketSettings): Promise<readonly number[]> {
    const saved = (await settings.memory?.load()) ?? null;
    const { policy, reserve } = settings;
    const limiter = new Limiter({
      ...{ assumed: policy, reserve, keepsAssumed: policy !== null, nowMs: this.#parts.nowMs() },
      ...(saved === null ? {} : { log: saved }),
    });
    this.#buckets.set(settings.name, {
      settings,
      limiter,
      plan: new StartPlan(limiter),
      starts: [],
      gate: new PQueue({ concurrency: 1 }),
      spent: 0,
      onAnswer: () => {},
    });
    return longestStarts(saved);
  }

  ask<Seen>(question: Question<Seen>): Promise<Asked<Seen>> {
    return this.#queue.add(() => this.#ask(question));
  }

  /** Requests that were sent, to where redirects lead as well. */
  spent(bucket: string): number {
    return this.#state(bucket).spent;
  }

  left(bucket: string): number {
    const { settings, spent } = this.#state(bucket);
    return settings.budget - spent;
  }

  starts(bucket: string): StartSeen[] {
    return this.#state(bucket).starts;
  }

  policy(bucket: string): LimitPolicy | null {
    return this.#state(bucket).limiter.policy;
  }

  /** Of the limits that answers of this exploration tell of: a file may declare others. Null: they tell of none. */
  toldPolicy(bucket: string): LimitPolicy | null {
    const { limiter, starts } = this.#state(bucket);
    const told = new Set(
      starts.flatMap(({ limits }) => limits?.limits ?? []).map(({ name }) => name),
    );
    const views = limiter.limits().filter(({ name }) => told.has(name));
    return leastOf(views) ?? limiter.policy;
  }

  /** Whether an answer, now or earlier, has named the limit. */
  isLearned(bucket: string): boolean {
    return this.#state(bucket).limiter.isAnnounced;
  }

  /** Whether a limit is said, or was seen, to be a bucket that leaks. */
  isLeaky(bucket: string): boolean {
    return this.#state(bucket)
      .limiter.limits()
      .some(({ kind }) => kind === 'leaky bucket');
  }

  startsInWindow(bucket: string): number {
    return this.#state(bucket).limiter.startsIn(this.#parts.nowMs());
  }

  /**
   * All is asked. Where enough answers came and none named a limit or refused, an ingestion would
   * take it that nothing limits: our requests then need not be remembered.
   */
  conclude(bucket: string): void {
    const state = this.#state(bucket);
    const answered = state.starts.filter(({ status }) => status !== null && status < 500);
    const isSilent = answered.every(({ limits, status }) => limits === null && status !== 429);
    if (isSilent && answered.length >= SILENT_ANSWERS && !state.limiter.isAnnounced) {
      state.limiter.forgetAssumed();
    }
  }

  /** Requests went out without a token: silence until the server's log has drained. */
  async drain(bucket: string): Promise<void> {
    const state = this.#state(bucket);
    state.limiter.drain(this.#parts.nowMs());
    await this.sleepUntil(state.limiter.nextStartMs(this.#parts.nowMs()));
  }

  log(bucket: string): LimitLog {
    return this.#state(bucket).limiter.log(this.#parts.nowMs());
  }

  async sleepUntil(atMs: number): Promise<void> {
    const waitMs = atMs - this.#parts.nowMs();
    if (waitMs <= 0) return;
    if (waitMs > 500) this.#parts.onWait(atMs);
    await this.#parts.sleep(waitMs);
  }

  /** Saves every log as it is now: what was planned and never used is given back. */
  async saveLogs(): Promise<void> {
    for (const { settings, limiter } of this.#buckets.values()) {
      const nowMs = this.#parts.nowMs();
      await settings.memory?.reserve(withoutPlan(limiter.log(nowMs), nowMs));
    }
  }

  async #ask<Seen>(question: Question<Seen>): Promise<Asked<Seen>> {
    const state = this.#state(question.bucket);
    const ticket = await state.gate.add(() => this.#pass(state, question));
    if (ticket === null) return { type: 'overBudget' };
    const received = await this.#send(question);
    this.#inFlight--;
    const isAlone = ticket.isFirst && this.#started === ticket.number;
    const read = question.read(received);
    const { meta } = received;
    state.spent += meta?.redirects ?? 0;
    const headers = headersOf(received);
    // A page may tell of limits in its body as well.
    const limits = read.type === 'seen' ? read.limits : (meta?.limits ?? null);
    const sentAtMs = meta?.sentAtMs ?? ticket.takenMs;
    const headAtMs = meta?.headAtMs ?? null;
    const dateMs = meta?.dateMs ?? null;
    if (headAtMs !== null) this.serverClock.observe(dateMs, headAtMs);
    state.starts.push({ sentAtMs, headAtMs, status: meta?.status ?? null, headers, limits });
    const seen = { sentAtMs, headAtMs, dateMs, observed: limits };
    const isRefusal =
      read.type === 'fault' && read.fault.code === 'RATE_LIMITED' && question.isReckless !== true;
    if (ticket.start === null) state.limiter.drain(this.#parts.nowMs());
    else if (isRefusal) state.limiter.refused(ticket.start, seen, this.#parts.nowMs());
    else if (meta !== null && isLetIn(meta.status)) {
      state.limiter.accepted(ticket.start, { ...seen, headAtMs: meta.headAtMs });
    } else state.limiter.failed(ticket.start, seen);
    state.onAnswer();
    const answer =
      meta === null ? null : answerOf({ received, meta, headers, limits, isAlone }, question);
    if (read.type === 'fault' || answer === null) {
      assert(read.type === 'fault', 'what holds something was answered');
      return { type: 'fault', fault: read.fault, answer };
    }
    return { type: 'answer', answer, seen: read.seen };
  }

  /** Waits for a token and saves the start. @returns null when the budget is spent */
  async #pass(state: BucketState, question: Pick<Question<unknown>, 'isReckless'>) {
    const { settings, limiter, plan } = state;
    if (state.spent >= settings.budget) return null;
    const { nowMs } = this.#parts;
    while (question.isReckless !== true) {
      const decision = plan.next(nowMs());
      if (decision.request !== null) {
        plan.reserved((await settings.memory?.reserve(decision.request)) ?? ALONE);
      } else if (decision.isPermitted) break;
      else if (Number.isFinite(decision.wakeAtMs)) await this.sleepUntil(decision.wakeAtMs);
      else
        await new Promise<void>((resolve) => {
          state.onAnswer = resolve;
        });
    }
    const takenMs = nowMs();
    const isPermitted = limiter.nextStartMs(takenMs) <= takenMs;
    const start = isPermitted || question.isReckless ? limiter.take(takenMs) : null;
    if (isPermitted) plan.started();
    state.spent++;
    this.#parts.onStart(settings.name, state.spent);
    return {
      takenMs,
      start,
      isFirst: this.#inFlight++ === 0,
      number: ++this.#started,
    };
  }

  #send({ request, acceptsGzip }: Question<unknown>): Promise<Received> {
    const encoding = acceptsGzip === true ? 'gzip' : 'identity';
    return this.#parts.send({
      ...request,
      headers: { ...request.headers, 'accept-encoding': encoding },
    });
  }

  #state(bucket: string): BucketState {
    const state = this.#buckets.get(bucket);
    if (state === undefined) throw new Error(`no bucket named ${bucket}`);
    return state;
  }
}

function answerOf(
  known: Pick<Answer, 'headers' | 'limits' | 'isAlone'> & {
    readonly received: Received;
    readonly meta: ResponseMeta;
  },
  { bucket, acceptsGzip = false }: Question<unknown>,
): Answer {
  const { received, meta, ...said } = known;
  const { status, sentAtMs, headAtMs, endAtMs, bodyBytes } = meta;
  const wireBytes = (received.type === 'page' ? received.wireBytes : undefined) ?? bodyBytes;
  return {
    ...{ bucket, status, sentAtMs, headAtMs, endAtMs, bodyBytes, wireBytes },
    ...{ ...said, acceptedGzip: acceptsGzip },
  };
}
