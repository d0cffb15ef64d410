/** Streams of one process that share its limits, in turns. */
import { expect, test } from 'vitest';
import { type CoreMutation, useMutatedCore } from '../support/mutated-core.js';
import {
  playStreams,
  type StreamsHistory,
  type StreamsSettings,
} from '../support/simulated-streams.js';

/** `SEED=7 npm run test:sim` replays one seed. */
const ONLY = process.env.SEED === undefined ? null : Number(process.env.SEED);
const SEEDS = Number(process.env.SEEDS ?? 6_000) / 100;
/** Of the limit that one stream alone uses, so much is used by three. */
const USED_SHARE_MIN = 0.98;
/** Of all streams together. */
const ROWS = 3_000;

function* seeds(count = SEEDS): Iterable<number> {
  if (ONLY !== null) yield ONLY;
  else for (let seed = 1; seed <= count; seed++) yield seed;
}

function broken(history: StreamsHistory, streams: number): string[] {
  const { outcomes, lost, refused, fullestShares, turnsWaitedMax, inFlightOver } = history;
  const faults: string[] = [];
  const unfinished = outcomes.filter(({ status }) => status !== 'complete');
  if (unfinished.length > 0) faults.push(`ended ${JSON.stringify(unfinished)}`);
  if (lost > 0) faults.push(`${lost} rows are lost`);
  if (refused > 0) faults.push(`${refused} requests refused`);
  if (Math.max(...fullestShares) > 1) faults.push('a window holds more than its quota');
  if (turnsWaitedMax > streams - 1) faults.push(`a stream waited for ${turnsWaitedMax} others`);
  if (inFlightOver > 0) faults.push(`${inFlightOver} requests in flight beyond the concurrency`);
  return faults;
}

function settingsOf(seed: number): StreamsSettings {
  return {
    seed,
    rows: 150,
    streams: 2 + (seed % 4),
    crashes: seed % 3,
    faultShare: (seed % 4) * 0.05,
  };
}

test('streams that share a limit are all complete, none is refused, and each has its turn', () => {
  for (const seed of seeds()) {
    const settings = settingsOf(seed);
    const history = playStreams(settings);
    expect(broken(history, settings.streams), `replay with SEED=${seed}`).toEqual([]);
  }
});

test('three streams use as much of the limit as one', () => {
  const used = (streams: number): number => {
    let sum = 0;
    for (const seed of seeds(SEEDS / 4)) {
      sum += playStreams({ seed, streams, rows: ROWS / streams }).utilisation;
    }
    return sum;
  };
  expect(used(3)).toBeGreaterThanOrEqual(USED_SHARE_MIN * used(1));
});

const MUTATIONS: readonly CoreMutation[] = [
  {
    name: 'a limit of one path counts no start',
    file: 'start-turns',
    text: 'this.limiter.take(nowMs, member.terms.without)',
    replacement: 'this.limiter.take(nowMs, this.#special)',
  },
  {
    name: 'the turn is never given on',
    file: 'start-turns',
    text: 'this.#first?.wake();',
    replacement: '',
  },
  {
    name: 'whoever came last starts first',
    file: 'start-turns',
    text: 'this.#queue.push(member)',
    replacement: 'this.#queue.unshift(member)',
  },
  {
    name: 'a stream that wants nothing any more keeps its turn',
    file: 'start-turns',
    text: 'this.#queue.splice(index, 1);',
    replacement: 'if (member.heldUntilMs === 0) return;',
  },
  {
    name: 'a reservation that is answered is heard by nobody else',
    file: 'start-turns',
    text: 'this.#plan.reserved(answer);',
    replacement: '',
  },
];

type Streams = typeof import('../support/simulated-streams.js');
const mutated = useMutatedCore();
const SEEDS_MUTATED = 30;

/** The first seed whose history does not hold; null: all do. */
async function firstBroken(mutation: CoreMutation | null): Promise<number | null> {
  const { playStreams: play } = await mutated<Streams>(
    'test/support/simulated-streams.js',
    mutation,
  );
  for (let seed = 1; seed <= SEEDS_MUTATED; seed++) {
    const settings = settingsOf(seed);
    try {
      if (broken(play(settings), settings.streams).length > 0) return seed;
    } catch {
      return seed;
    }
  }
  return null;
}

test.each(MUTATIONS)('is noticed: $name', async (mutation) => {
  expect(await firstBroken(mutation)).not.toBeNull();
});

test('control: without a mutation the copied core holds', async () => {
  expect(await firstBroken(null)).toBeNull();
});
