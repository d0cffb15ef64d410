/**
 * A source that is drained under a limiter in simulated time: the real limiter and in-flight limit, a
 * server's arithmetic, latencies that are drawn. Nothing else of the program takes part.
 */
import { InFlightLimit } from '../../src/core/in-flight-limit.js';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import type { LimitLog } from '../../src/core/limit-log.js';
import { Limiter } from '../../src/core/limiter.js';
import type { LimiterModel } from './limiter-models.js';
import { seededRandom } from './random.js';

export interface LimitedRunSettings {
  readonly model: LimiterModel;
  /** Requests that must be accepted. */
  readonly pages: number;
  /** Of the way there and back. */
  readonly latencyMs: number;
  /** From the arrival to the answer. */
  readonly answerMs?: number;
  readonly seed?: number;
  /** How late requests and answers are on a busy machine, each way: mostly a little, seldom a lot. */
  readonly busy?: { readonly usuallyMs: number; readonly seldomMs: number } | undefined;
  readonly log?: LimitLog;
  readonly startMs?: number;
  readonly concurrency?: number;
  /** Gives up after so much simulated time. */
  readonly spanMsMax?: number;
}

export interface LimitedRun {
  readonly accepted: number;
  readonly refused: number;
  /** Arrivals of accepted requests, epoch ms. */
  readonly arrivalsMs: readonly number[];
  readonly endMs: number;
  readonly limiter: Limiter;
  /** What was said in the log. */
  readonly changes: readonly string[];
  /** When those left that were accepted, epoch ms. */
  readonly startsMs: readonly number[];
}

const START_MS = 1_800_000_000_123;
const JITTER_SHARE = 0.1;
const SELDOM = 0.03;

export function drainLimited(settings: LimitedRunSettings): LimitedRun {
  const { model, pages, latencyMs, answerMs = 0, seed = 1, concurrency = 10, busy } = settings;
  const random = seededRandom(seed);
  const startMs = settings.startMs ?? START_MS;
  const spanMsMax = settings.spanMsMax ?? 3_600_000;
  let nowMs = startMs;
  const limiter = new Limiter({
    assumed: { quota: 10, windowMs: 60_000 },
    nowMs,
    ...(settings.log === undefined ? {} : { log: settings.log }),
  });
  const inFlightLimit = new InFlightLimit(concurrency);
  const queue: { atMs: number; run: () => void }[] = [];
  const at = (atMs: number, run: () => void) => queue.push({ atMs, run });
  /** From here to there, or back. */
  const onWayMs = () => {
    const quietMs = (latencyMs / 2) * (1 + random() * JITTER_SHARE);
    if (busy === undefined) return quietMs;
    const lateMs = random() < SELDOM ? busy.seldomMs : busy.usuallyMs;
    return quietMs - Math.log(1 - random()) * lateMs;
  };
  let inFlight = 0;
  let hasAnswer = false;
  let accepted = 0;
  let refused = 0;
  const arrivalsMs: number[] = [];
  const changes: string[] = [];
  const startsMs: number[] = [];

  const send = () => {
    const request = limiter.take(nowMs);
    const sentAtMs = nowMs;
    inFlight++;
    at(nowMs + onWayMs(), () => {
      const arrivedMs = nowMs;
      const answer = model.accept(arrivedMs);
      const servedAtMs = arrivedMs + (answer.accepted ? answerMs : 0);
      at(servedAtMs, () => {
        if (answer.accepted) model.release(nowMs);
      });
      if (answer.accepted) arrivalsMs.push(arrivedMs);
      at(servedAtMs + onWayMs(), () => {
        inFlight--;
        hasAnswer = true;
        const headers = Object.fromEntries(
          Object.entries(answer.headers).map(([name, text]) => [name.toLowerCase(), text]),
        );
        const observed = readLimitHeaders(headers, nowMs);
        const dateMs = Math.floor(arrivedMs / 1000) * 1000;
        const times = { sentAtMs, headAtMs: nowMs, dateMs, observed };
        if (answer.accepted) {
          accepted++;
          startsMs.push(sentAtMs);
          limiter.accepted(request, times);
          inFlightLimit.answered(nowMs - sentAtMs, nowMs);
        } else {
          refused++;
          limiter.refused(request, times, nowMs);
          inFlightLimit.strained(nowMs);
        }
        changes.push(...limiter.takeChanges());
      });
    });
  };

  while (accepted < pages && nowMs - startMs < spanMsMax) {
    let wakeMs = Infinity;
    while (accepted + inFlight < pages && inFlight < concurrency && (hasAnswer || inFlight === 0)) {
      const policy = limiter.isLearned ? limiter.policy : null;
      if (inFlight >= inFlightLimit.useful(policy, limiter.inFlightMax)) break;
      const nextMs = limiter.nextStartMs(nowMs);
      if (nextMs > nowMs) {
        wakeMs = nextMs;
        break;
      }
      send();
    }
    queue.sort((a, b) => a.atMs - b.atMs);
    const next = queue[0];
    if (next !== undefined && next.atMs <= wakeMs) {
      queue.shift();
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
    } else if (Number.isFinite(wakeMs)) {
      // A timer fires a little late.
      nowMs = wakeMs + random();
    } else break;
  }
  return { accepted, refused, arrivalsMs, endMs: nowMs, limiter, changes, startsMs };
}
