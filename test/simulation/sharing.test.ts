/** Processes of different runs on one key, each with a clock of its own, before several limits at once. */
import { expect, test } from 'vitest';
import { playSharing, type SharedHistory } from '../support/simulated-sharing.js';

/** `SEED=7 npm run test:sim` replays one seed. */
const ONLY = process.env.SEED === undefined ? null : Number(process.env.SEED);
const SEEDS = Number(process.env.SEEDS ?? 6_000) / 12;
/** Of the time at the least. */
const TIMES_MAX = 1.5;
/** Processes begin one after the other, and the first request of each goes alone. */
const BEGIN_MS = 4_000;

function* seeds(): Iterable<number> {
  if (ONLY !== null) yield ONLY;
  else for (let seed = 1; seed <= SEEDS; seed++) yield seed;
}

function broken(history: SharedHistory): string[] {
  const { refused, fullestShares, reservations, requests, processes, spanMs } = history;
  const faults: string[] = [];
  if (refused > 0) faults.push(`${refused} requests refused`);
  if (Math.max(...fullestShares) > 1) faults.push('a window holds more than its quota');
  // One for each start, and one a second where others have all: nobody asks again and again.
  if (reservations > 1.5 * (requests + (processes * spanMs) / 1000)) {
    faults.push(`${reservations} reservations for ${requests} requests`);
  }
  return faults;
}

test.each([
  ['name their windows', true],
  ['tell only when they end', false],
])('limits that %s are kept together, and used', (_, isNamed) => {
  for (const seed of seeds()) {
    const history = playSharing({ seed, isNamed });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
    const times = history.spanMs / (history.leastMs + BEGIN_MS);
    expect(times, `replay with SEED=${seed} npm run test:sim`).toBeLessThan(TIMES_MAX);
  }
});

test('processes that die and begin again leave their starts to themselves and to others', () => {
  for (const seed of seeds()) {
    const history = playSharing({ seed, crashes: 1 + (seed % 4) });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test.each(['forgetsOthers', 'readsBeforeLock', 'keepsClock', 'forgetsLimits'] as const)(
  'control: a database that %s is noticed',
  (sabotage) => {
    const crashes = sabotage === 'forgetsLimits' ? 4 : 0;
    const found = [...Array(100).keys()].some((seed) =>
      broken(playSharing({ seed, crashes, sabotage })).includes(
        'a window holds more than its quota',
      ),
    );
    expect(found).toBe(true);
  },
);
