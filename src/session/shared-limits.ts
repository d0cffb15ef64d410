/**
 * The limits of a source for the streams of one process: one limiter, one log of starts, in turns. A limit that
 * the source file declares for a path holds for the streams of that path alone.
 */
import { Slots } from '../core/slots.js';
import type { StartAnswer, StartRequest } from '../core/start-reservation.js';
import { StartTurns, type TurnTerms } from '../core/start-turns.js';
import { Utilisation } from '../core/utilisation.js';
import type { RunStore } from '../database/run-store.js';
import { nowMs } from '../runtime/clock.js';
import type { DeclaredLimit } from '../source/plan.js';
import { declaredConcurrency, limitsOfStream, nameOf } from './declared-limits.js';
import { hintsOf, type KnownLimits, openLimits, type SessionLimits } from './open-limits.js';
import type { OpenSource } from './open-source.js';
import type { SessionParts } from './session-parts.js';

type Asking = Pick<SessionParts, 'context' | 'source'>;

interface Opened {
  readonly limits: KnownLimits;
  /** That opened them, with its hints. */
  readonly stream: string;
  readonly turns: StartTurns;
  readonly reserve: (request: StartRequest) => Promise<StartAnswer>;
}

export interface SharedLimitsParts {
  readonly store: RunStore;
  /** Requests in flight at most, of all streams. */
  readonly concurrency: number;
  /** All that the process will come to. */
  readonly streams: readonly OpenSource[];
}

export class SharedLimits {
  readonly #parts: SharedLimitsParts;
  readonly #ofProcess: Slots;
  readonly #utilisation = new Utilisation();
  readonly #declared: ReadonlySet<DeclaredLimit>;
  /** Of declared limits of requests at once. */
  readonly #slots = new Map<DeclaredLimit, Slots>();
  #opening: Promise<Opened> | null = null;
  #members = 0;

  constructor(parts: SharedLimitsParts) {
    this.#parts = parts;
    this.#ofProcess = new Slots(parts.concurrency);
    this.#declared = new Set(parts.streams.flatMap((stream) => limitsOfStream(stream)));
    for (const limit of this.#declared) {
      if (limit.concurrency !== null) this.#slots.set(limit, new Slots(limit.concurrency));
    }
  }

  /** The share of one more stream. @param wake see `StartTurns.join` @throws IngestionError */
  async join(asking: Asking, wake: () => void): Promise<SessionLimits> {
    this.#opening ??= this.#open(asking);
    const { limits, stream, turns, reserve } = await this.#opening;
    const declared = limitsOfStream(asking.source);
    const starts = turns.join(wake, this.#termsOf(declared));
    this.#members++;
    let isMember = true;
    const leave = (): void => {
      if (!isMember) return;
      isMember = false;
      this.#members--;
      starts.withdraw();
    };
    const isOpener = stream === asking.source.spec.stream;
    return {
      ...{ limiter: limits.limiter, utilisation: this.#utilisation, starts, reserve, leave },
      hints: isOpener ? limits.hints : await hintsOf(asking),
      concurrency: declaredConcurrency(declared),
      sharers: () => this.#members,
      settle: async () => {
        leave();
        // What is planned is for those who are still at work.
        if (this.#members === 0) await reserve(turns.giveBack(nowMs()));
      },
    };
  }

  async #open(asking: Asking): Promise<Opened> {
    const declared = [...this.#declared];
    const limits = await openLimits({ ...asking, store: this.#parts.store }, declared);
    const holdsForAll = (limit: DeclaredLimit): boolean =>
      this.#parts.streams.every((stream) => limitsOfStream(stream).includes(limit));
    const special = declared.filter((limit) => !holdsForAll(limit)).map(nameOf);
    const turns = new StartTurns(limits.limiter, new Set(special));
    let last: Promise<unknown> = Promise.resolve();
    return {
      ...{ limits, turns, stream: asking.source.spec.stream },
      // One after the other: a later one holds what was started since.
      reserve: (request) => {
        const answered = last.then(async () => {
          const answer = await limits.reserve(request);
          turns.reserved(answer);
          return answer;
        });
        last = answered.catch(() => {});
        return answered;
      },
    };
  }

  #termsOf(declared: readonly DeclaredLimit[]): TurnTerms {
    const others = [...this.#declared].filter((limit) => !declared.includes(limit));
    const slots = declared.flatMap((limit) => this.#slots.get(limit) ?? []);
    return { slots: [this.#ofProcess, ...slots], without: new Set(others.map(nameOf)) };
  }
}
