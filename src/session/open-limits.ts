/** What a session knows of the API's limits when it begins, and where it keeps what it learns. */
import { randomUUID } from 'node:crypto';
import { reliedOn } from '../core/limit-log.js';
import { Limiter } from '../core/limiter.js';
import { type StartAnswer, type StartRequest, withoutPlan } from '../core/start-reservation.js';
import type { Starts } from '../core/starts.js';
import { Utilisation } from '../core/utilisation.js';
import { nowMs } from '../runtime/clock.js';
import { declaredConcurrency, limitsOfStream, withDeclared } from './declared-limits.js';
import { type ExplorationHints, findHints, mergeStarts } from './exploration/exploration-hints.js';
import { LimitStore } from './limit-store.js';
import type { SessionParts } from './session-parts.js';

export interface KnownLimits {
  readonly limiter: Limiter;
  /** What an exploration has found out. */
  readonly hints: ExplorationHints;
  /** Requests at once at most, as the source file declares; null: it does not. */
  readonly concurrency: number | null;
  readonly reserve: (request: StartRequest) => Promise<StartAnswer>;
}

/** Those of one stream, which it may share with others (shared-limits.ts). */
export interface SessionLimits extends KnownLimits {
  /** What of the limiter its scheduler uses; unset: all. */
  readonly starts?: Starts;
  /** Of all who share the limiter. */
  readonly utilisation: Utilisation;
  /** How many these are now. */
  readonly sharers: () => number;
  /** Saves what was learned. The stream starts nothing any more. @throws IngestionError */
  settle(): Promise<void>;
  /** The stream is over, whether or not it has settled. */
  leave(): void;
}

type Asking = Pick<SessionParts, 'context' | 'source'>;

/**
 * The limiter that earlier runs and explorations have taught.
 *
 * @param declared in the source file, for the requests that it is for
 * @throws IngestionError
 */
export async function openLimits(
  { context, source, store }: Asking & Pick<SessionParts, 'store'>,
  declared = limitsOfStream(source),
): Promise<KnownLimits> {
  const { config } = context;
  const { spec } = source;
  // Members work at the same time: none takes over what another has started.
  const work = config.redisUrl === null ? spec.name : `${spec.name}/${randomUUID()}`;
  const limits = new LimitStore({ store, key: source.limitKey(spec.bucket), work });
  const hints = await hintsOf({ context, source });
  const assumed = hints.policy ?? spec.defaultPolicy;
  const loaded = await limits.load();
  const known = config.redisUrl === null || loaded === null ? loaded : reliedOn(loaded);
  const saved = withDeclared(mergeStarts(known, hints, assumed), declared);
  const limiter = new Limiter({
    ...{ assumed, reserve: config.reservedRequests, nowMs: nowMs() },
    ...(saved === null ? {} : { log: saved }),
  });
  return {
    ...{ limiter, hints, concurrency: declaredConcurrency(declared) },
    reserve: (request) => limits.reserve(request),
  };
}

/** Of the only stream of a process. @throws IngestionError */
export async function ownLimits(
  parts: Asking & Pick<SessionParts, 'store'>,
): Promise<SessionLimits> {
  const known = await openLimits(parts);
  return {
    ...known,
    utilisation: new Utilisation(),
    sharers: () => 1,
    async settle() {
      const endMs = nowMs();
      await known.reserve(withoutPlan(known.limiter.log(endMs), endMs));
    },
    leave() {},
  };
}

/** What an exploration of the stream has found out. */
export function hintsOf({ context, source }: Asking): Promise<ExplorationHints> {
  const { config, log } = context;
  return findHints(config, { keyHash: source.keyHash, nowMs: nowMs(), log });
}
