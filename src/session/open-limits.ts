/** What a session knows of the API's limits when it begins, and where it keeps what it learns. */
import { Limiter } from '../core/limiter.js';
import type { StartAnswer, StartRequest } from '../core/start-reservation.js';
import { nowMs } from '../runtime/clock.js';
import { declaredConcurrency, limitsOfStream, withDeclared } from './declared-limits.js';
import { type ExplorationHints, findHints, mergeStarts } from './exploration/exploration-hints.js';
import { LimitStore } from './limit-store.js';
import type { SessionParts } from './session-parts.js';

export interface SessionLimits {
  readonly limiter: Limiter;
  /** What an exploration has found out. */
  readonly hints: ExplorationHints;
  /** Requests at once at most, as the source file declares; null: it does not. */
  readonly concurrency: number | null;
  readonly reserve: (request: StartRequest) => Promise<StartAnswer>;
}

/** The limiter that earlier runs and explorations have taught. @throws IngestionError */
export async function openLimits({
  context,
  source,
  store,
}: Pick<SessionParts, 'context' | 'source' | 'store'>): Promise<SessionLimits> {
  const { config, log } = context;
  const { spec, keyHash } = source;
  const declared = limitsOfStream(source);
  const limits = new LimitStore({ store, key: source.limitKey(spec.bucket), work: spec.name });
  const hints = await findHints(config, { keyHash, nowMs: nowMs(), log });
  const assumed = hints.policy ?? spec.defaultPolicy;
  const saved = withDeclared(mergeStarts(await limits.load(), hints, assumed), declared);
  const limiter = new Limiter({
    ...{ assumed, reserve: config.reservedRequests, nowMs: nowMs() },
    ...(saved === null ? {} : { log: saved }),
  });
  return {
    ...{ limiter, hints, concurrency: declaredConcurrency(declared) },
    reserve: (request) => limits.reserve(request),
  };
}
