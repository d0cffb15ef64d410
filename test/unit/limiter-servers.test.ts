/**
 * The limiter against the arithmetic of other people's limiters, in simulated time: whatever a server
 * announces or hides, its limit is used and kept, as the bench promises of real servers.
 */
import { describe, expect, test } from 'vitest';
import { LIMITERS, type LimiterSpec } from '../../bench/limiters/catalogue.js';
import { requestsFor, shareUsed } from '../../bench/limiters/permits.js';
import { broken } from '../../bench/limiters/promise.js';
import { Utilisation } from '../../src/core/utilisation.js';
import { drainLimited, type LimitedRun } from '../support/limited-run.js';
import {
  type Announcer,
  draft06,
  draft07,
  draft08,
  fixedWindow,
  inTurn,
  type LimiterModel,
  silent,
  slidingLog,
  xRateLimit,
} from '../support/limiter-models.js';

/** Long enough for a cold start to be a small part. */
const SPAN_MS = 150_000;
const SEEDS = [1, 2, 3];

/** What express-rate-limit and @fastify/rate-limit announce, of one limit. */
const ANNOUNCED: Readonly<Record<string, (name: string) => Announcer>> = {
  legacy: () => xRateLimit('epochSecondsRoundedUp'),
  'draft-6': () => draft06,
  'draft-7': () => draft07,
  'draft-8': draft08,
  silent: () => silent,
};

/** The arithmetic of a server, also of those that the bench runs as libraries. */
function modelOf({ serving, limits }: LimiterSpec): LimiterModel {
  if (serving.with === 'model') return serving.limiter();
  const announce = ANNOUNCED[serving.with === 'express-rate-limit' ? serving.headers : 'legacy'];
  const windows = limits.map((limit, index) => {
    if (limit.kind !== 'window' || announce === undefined) throw new Error('a window is known');
    const { quota, windowMs } = limit;
    return fixedWindow({ quota, windowMs, opensWith: 'request', announce: announce(`${index}`) });
  });
  return joined(windows, serving.with === 'express-rate-limit' && serving.headers === 'draft-8');
}

/** Draft 08 adds its headers to those before, the others replace them. */
function joined(models: readonly LimiterModel[], adds: boolean): LimiterModel {
  const turned = inTurn(...models);
  if (!adds) return turned;
  return {
    ...turned,
    accept(nowMs) {
      const answers = models.map((model) => model.accept(nowMs));
      const refusal = answers.find(({ accepted }) => !accepted);
      const headers = Object.fromEntries(
        Object.keys(answers[0]?.headers ?? {}).map((name) => [
          name,
          answers.map((answer) => answer.headers[name]).join(', '),
        ]),
      );
      return { ...(refusal ?? answers[0]), headers } as ReturnType<LimiterModel['accept']>;
    },
  };
}

function saidShare({ startsMs, limiter }: LimitedRun): number | null {
  const used = new Utilisation();
  for (const startMs of startsMs) used.add(startMs);
  return used.value(limiter.limits());
}

/** What a server that answers at once takes, beside a busy machine too, and what one far away does. */
const NEAR_MS = 6;
const PLACES = [
  { place: 'near', latencyMs: NEAR_MS, busy: undefined },
  { place: 'far away', latencyMs: 60, busy: undefined },
  { place: 'near, on a busy machine', latencyMs: NEAR_MS, busy: { usuallyMs: 2, seldomMs: 25 } },
];

const answerMsOf = ({ serving }: LimiterSpec) => (serving.with === 'model' ? serving.answerMs : 0);

describe.each(PLACES)('a server $place', ({ latencyMs, busy }) => {
  // Where requests in flight are counted, the way there and back is time in which none is served.
  const specs = LIMITERS.filter((spec) => answerMsOf(spec) === 0 || latencyMs === NEAR_MS);

  test.each(specs)('$name: its limit is used and kept', (spec) => {
    const answerMs = answerMsOf(spec);
    const pages = requestsFor(spec.limits, SPAN_MS);
    for (const seed of SEEDS) {
      const model = modelOf(spec);
      const run = drainLimited({ model, pages, latencyMs, answerMs, seed, busy });
      const outcome = {
        ending: run.accepted === pages ? 'complete' : 'no end',
        hasAllRows: true,
        accepted: run.accepted,
        refused: run.refused,
        share: shareUsed(spec.limits, run.arrivalsMs),
        saidShare: saidShare(run),
      };
      const { refused, share, saidShare: said } = outcome;
      const figures = `seed ${seed}: ${refused} refused, used ${share}, said ${said}`;
      expect(broken(spec, outcome), figures).toEqual([]);
    }
  });
});

describe('a process that goes on where another was stopped', () => {
  const SHORT = { quota: 10, windowMs: 2_000 };
  const announce = xRateLimit('seconds');
  const SERVERS: readonly [string, () => LimiterModel][] = [
    ['a sliding log', () => slidingLog({ ...SHORT, announce, refusedCallsCount: false })],
    ['fixed windows', () => fixedWindow({ ...SHORT, opensWith: 'request', announce })],
  ];
  const REST = 60;

  test.each(SERVERS)('%s: the length that was learned holds, whole seconds or not', (_, server) => {
    for (let seed = 1; seed <= 10; seed++) {
      const model = server();
      const first = drainLimited({ model, pages: 45, latencyMs: NEAR_MS, seed });
      const log = first.limiter.log(first.endMs);
      const startMs = first.endMs + 100;
      const second = drainLimited({ model, pages: REST, latencyMs: NEAR_MS, seed, log, startMs });
      expect(second.refused).toBe(0);
      expect(second.limiter.policy?.windowMs).toBeLessThan(SHORT.windowMs * 1.02);
      // The tenth before the first of these had left a window earlier, at worst.
      expect(second.endMs - startMs).toBeLessThan((REST / SHORT.quota + 0.2) * SHORT.windowMs);
    }
  });
});
