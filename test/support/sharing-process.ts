/**
 * A process that shares a key with others: the real limiter and plan before the real database, and requests
 * that a test defines. Its clock is ahead of this machine's by as much as is asked for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Answered } from '../../src/core/announced-limits.js';
import { Limiter } from '../../src/core/limiter.js';
import { StartPlan } from '../../src/core/start-plan.js';
import { withoutPlan } from '../../src/core/start-reservation.js';
import type { LimitPolicy } from '../../src/core/token-bucket.js';
import type { LimitKey } from '../../src/database/ledger-types.js';
import type { RunStore } from '../../src/database/run-store.js';
import { nowMs as machineNowMs } from '../../src/runtime/clock.js';
import { LimitStore } from '../../src/session/limit-store.js';

/** A request, by the clock of its process. */
export type Request = (
  nowMs: () => number,
) => Promise<{ readonly answer: Answered; readonly isAccepted: boolean }>;

export interface SharingProcess {
  readonly store: Pick<RunStore, 'loadLimits' | 'reserveStarts'>;
  readonly key: LimitKey;
  readonly work: string;
  readonly clockAheadMs: number;
  readonly assumed: LimitPolicy;
  readonly request: Request;
}

/** @returns how often it asked the database once `count` of its requests were accepted */
export async function drainSharing(count: number, process: SharingProcess): Promise<number> {
  const { store, key, work, clockAheadMs, assumed, request } = process;
  const nowMs = (): number => machineNowMs() + clockAheadMs;
  const limits = new LimitStore({ store, key, work, nowMs, boot: () => null });
  const log = await limits.load();
  const limiter = new Limiter({ assumed, nowMs: nowMs(), ...(log === null ? {} : { log }) });
  const plan = new StartPlan(limiter);
  let accepted = 0;
  let reservations = 0;
  while (accepted < count) {
    const decision = plan.next(nowMs());
    if (decision.request !== null) {
      reservations++;
      plan.reserved(await limits.reserve(decision.request));
    } else if (decision.isPermitted) {
      const start = limiter.take(nowMs());
      plan.started();
      const { answer, isAccepted } = await request(nowMs);
      const { headAtMs } = answer;
      if (isAccepted && headAtMs !== null) limiter.accepted(start, { ...answer, headAtMs });
      else limiter.refused(start, answer, nowMs());
      if (isAccepted) accepted++;
    } else await delay(Math.max(0, decision.wakeAtMs - nowMs()));
  }
  await limits.reserve(withoutPlan(limiter.log(nowMs()), nowMs()));
  return reservations;
}
