/**
 * The limiter broken on purpose, one line at a time, against servers in simulated time whose requests
 * arrive late by up to a twentieth of their latency.
 */
import { expect, test } from 'vitest';
import { draft06, silent } from '../../bench/limiters/announce.js';
import {
  concurrency,
  type LimiterModel,
  leakyBucket,
  slidingLog,
} from '../../bench/limiters/models.js';
import { type Permit, shareUsed } from '../../bench/limiters/permits.js';
import { type CoreMutation, useMutatedCore } from '../support/mutated-core.js';

type Limited = typeof import('../support/limited-run.js');
type Sharing = typeof import('../support/simulated-sharing.js');

interface Mutation extends CoreMutation {
  /** The server's answers tell its limit, so that it has nothing to refuse. */
  readonly isTold: boolean;
}

const PAGES = 300;
const LATENCIES_MS = [6, 100, 1_000];
const SEEDS = [1, 2, 3];
/** Of 60 s at the limit. */
const SPAN_MS_MAX = 300_000;
/** That may be refused of a server whose answers tell nothing. */
const HIDDEN_REFUSED_MAX = 12;

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'how late a request may have arrived is ignored',
    file: 'token-bucket',
    text: 'start.uncertaintyMs += grantedMs',
    replacement: 'start.uncertaintyMs += 0',
    isTold: true,
  },
  {
    name: 'a window is as short as it may be, and not as long',
    file: 'window-evidence',
    text: 'return Math.max(longestMs, this.#longerThanMs);',
    replacement: 'return this.#longerThanMs || longestMs;',
    isTold: true,
  },
  {
    name: 'nothing is silent after a refusal',
    file: 'silence',
    text: 'nowMs + forMs',
    replacement: 'nowMs',
    isTold: false,
  },
];

const mutated = useMutatedCore();

/** The most that any run had refused; Infinity: one did not end. */
async function refusedMost(mutation: CoreMutation | null, isTold: boolean): Promise<number> {
  const { drainLimited } = await mutated<Limited>('test/support/limited-run.js', mutation);
  const refused = LATENCIES_MS.flatMap((latencyMs) =>
    SEEDS.map((seed) => {
      const announce = isTold ? draft06 : silent;
      const model = slidingLog({ quota: 10, windowMs: 2_000, refusedCallsCount: true, announce });
      const run = drainLimited({ model, pages: PAGES, latencyMs, seed, spanMsMax: SPAN_MS_MAX });
      return run.accepted < PAGES ? Number.POSITIVE_INFINITY : run.refused;
    }),
  );
  return Math.max(...refused);
}

test.each(MUTATIONS)('is noticed: $name', async (mutation) => {
  const { isTold } = mutation;
  expect(await refusedMost(mutation, isTold)).toBeGreaterThan(isTold ? 0 : HIDDEN_REFUSED_MAX);
});

test('control: without a mutation a told limit refuses nothing, a hidden one little', async () => {
  expect(await refusedMost(null, true)).toBe(0);
  expect(await refusedMost(null, false)).toBeLessThanOrEqual(HIDDEN_REFUSED_MAX);
});

const SHARED_SEEDS = 40;
const SHARED: readonly CoreMutation[] = [
  {
    name: 'starts of others hold no token',
    file: 'token-bucket',
    text: 'this.#others = startsMs;',
    replacement: '',
  },
];

/** The first refusals in histories of processes that share a key. */
async function sharedRefusals(mutation: CoreMutation | null) {
  const { playSharing } = await mutated<Sharing>('test/support/simulated-sharing.js', mutation);
  let refused = 0;
  for (let seed = 1; seed <= SHARED_SEEDS && refused === 0; seed++) {
    refused = playSharing({ seed, isNamed: true }).refused;
  }
  return refused;
}

test.each(SHARED)('is noticed by processes that share a key: $name', async (mutation) => {
  const [control, broken] = [await sharedRefusals(null), await sharedRefusals(mutation)];
  expect(control).toBe(0);
  expect(broken).toBeGreaterThan(0);
});

/** A server whose answers tell nothing, asked by a busy machine. */
interface Hidden {
  readonly permit: Permit;
  readonly server: () => LimiterModel;
  readonly answerMs: number;
  readonly mutation: CoreMutation;
}

const PER_SECOND = 5;
const IN_FLIGHT_MAX = 4;
const ANSWER_MS = 100;
const BUSY = { usuallyMs: 2, seldomMs: 25 };
const BUSY_SEEDS = [1, 2, 3, 4, 5];
const USED_MIN = 0.85;

const HIDDEN: readonly (readonly [string, Hidden])[] = [
  [
    'a refusal shows that the whole spacing is too close, and often enough',
    {
      permit: { kind: 'bucket', capacity: 1, perSecond: PER_SECOND },
      server: () => leakyBucket({ perSecond: PER_SECOND, refusalStatus: 429 }),
      answerMs: 0,
      mutation: {
        name: 'late arrivals slow down',
        file: 'spacing-evidence',
        text: 'const keptMs = from === undefined ? intervalMs :',
        replacement: 'const keptMs = from !== null ? intervalMs :',
      },
    },
  ],
  [
    'a refusal is of as many at once as there were when its request left',
    {
      permit: { kind: 'inFlight', inFlightMax: IN_FLIGHT_MAX, answerMs: ANSWER_MS },
      server: () => concurrency({ inFlightMax: IN_FLIGHT_MAX, refusalStatus: 429 }),
      answerMs: ANSWER_MS,
      mutation: {
        name: 'requests that overtake are not thought of',
        file: 'room',
        text: 'this.#onWay.set(other, Math.max(atOnce, inFlight))',
        replacement: 'this.#onWay.set(other, atOnce)',
      },
    },
  ],
];

/** The least that any run used of what was permitted. */
async function usedLeast(hidden: Hidden, mutation: CoreMutation | null): Promise<number> {
  const { drainLimited } = await mutated<Limited>('test/support/limited-run.js', mutation);
  const { permit, server, answerMs } = hidden;
  const pages = PAGES * (answerMs > 0 ? IN_FLIGHT_MAX : 1);
  const shares = BUSY_SEEDS.map((seed) => {
    const busy = { latencyMs: LATENCIES_MS[0] as number, answerMs, seed, busy: BUSY };
    const run = drainLimited({ model: server(), pages, ...busy, spanMsMax: SPAN_MS_MAX });
    return shareUsed([permit], run.arrivalsMs) ?? 0;
  });
  return Math.min(...shares);
}

test.each(HIDDEN)('is noticed: %s', async (_, hidden) => {
  expect(await usedLeast(hidden, hidden.mutation)).toBeLessThan(USED_MIN);
  expect(await usedLeast(hidden, null)).toBeGreaterThan(USED_MIN);
});
