/**
 * The limits of a source for the streams of one process: one limiter, one log of starts, in turns.
 *
 * A limit that the source file declares for a path holds for the streams of that path alone. Streams for which
 * other limits hold have a limiter of their own, and know of the starts of the others as those of
 * another process: by the log that all keep in the database.
 */
import { Slots } from '../core/slots.js';
import type { StartAnswer, StartRequest } from '../core/start-reservation.js';
import { StartTurns } from '../core/start-turns.js';
import { Utilisation } from '../core/utilisation.js';
import type { RunStore } from '../database/run-store.js';
import { nowMs } from '../runtime/clock.js';
import type { DeclaredLimit } from '../source/plan.js';
import { limitsOfStream } from './declared-limits.js';
import { hintsOf, type KnownLimits, openLimits, type SessionLimits } from './open-limits.js';
import type { SessionParts } from './session-parts.js';

type Asking = Pick<SessionParts, 'context' | 'source'>;

/** Streams for which the same limits hold. */
interface Group {
  readonly limits: KnownLimits;
  /** That opened it, with its hints. */
  readonly stream: string;
  readonly turns: StartTurns;
  readonly utilisation: Utilisation;
  readonly reserve: (request: StartRequest) => Promise<StartAnswer>;
  members: number;
}

export class SharedLimits {
  readonly #store: RunStore;
  readonly #ofProcess: Slots;
  readonly #groups = new Map<string, Promise<Group>>();
  /** Of declared limits of requests at once: one that several groups have is one. */
  readonly #slots = new Map<string, Slots>();

  /** @param concurrency requests in flight at most, of all streams */
  constructor(store: RunStore, concurrency: number) {
    this.#store = store;
    this.#ofProcess = new Slots(concurrency);
  }

  /** The share of one more stream. @param wake see `StartTurns.join` @throws IngestionError */
  async join(parts: Asking, wake: () => void): Promise<SessionLimits> {
    const declared = limitsOfStream(parts.source);
    const key = JSON.stringify([parts.source.spec.bucket, declared]);
    const opening = this.#groups.get(key) ?? this.#open(parts, declared);
    this.#groups.set(key, opening);
    const group = await opening;
    const starts = group.turns.join(wake);
    group.members++;
    let isMember = true;
    const leave = (): void => {
      if (!isMember) return;
      isMember = false;
      group.members--;
      starts.withdraw();
    };
    const isOpener = group.stream === parts.source.spec.stream;
    const hints = isOpener ? group.limits.hints : await hintsOf(parts);
    const { limits, utilisation, reserve } = group;
    return {
      ...{ ...limits, hints, utilisation, reserve, starts, leave },
      settle: async () => {
        leave();
        // What is planned is for those who are still at work.
        if (group.members === 0) await group.reserve(group.turns.giveBack(nowMs()));
      },
    };
  }

  async #open(parts: Asking, declared: readonly DeclaredLimit[]): Promise<Group> {
    const limits = await openLimits({ ...parts, store: this.#store });
    const turns = new StartTurns(limits.limiter, [this.#ofProcess, ...this.#slotsOf(declared)]);
    let last: Promise<unknown> = Promise.resolve();
    return {
      ...{ limits, turns, utilisation: new Utilisation(), members: 0 },
      stream: parts.source.spec.stream,
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

  #slotsOf(declared: readonly DeclaredLimit[]): Slots[] {
    return declared.flatMap((limit) => {
      if (limit.concurrency === null) return [];
      const key = JSON.stringify(limit);
      const slots = this.#slots.get(key) ?? new Slots(limit.concurrency);
      this.#slots.set(key, slots);
      return [slots];
    });
  }
}
