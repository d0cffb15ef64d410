import { expect, test } from 'vitest';
import { broken } from '../support/simulated-properties.js';
import { playHistory } from '../support/simulated-run.js';

/** `SEED=7 npm run test:sim` replays one seed. */
const ONLY = process.env.SEED === undefined ? null : Number(process.env.SEED);
const SEEDS = Number(process.env.SEEDS ?? 6_000);

function* seeds(count: number): Iterable<number> {
  if (ONLY !== null) yield ONLY;
  else for (let seed = 1; seed <= count; seed++) yield seed;
}

test('every history of faults and crashes ends with all rows, within limit and credits', () => {
  for (const seed of seeds(SEEDS)) {
    const crashes = seed % 6;
    const history = playHistory({ seed, crashes, faultShare: (seed % 5) * 0.05 });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test('whatever ends a process, its run is complete only with all rows', () => {
  for (const seed of seeds(SEEDS / 5)) {
    const { outcome, writes, gapsAtEnd } = playHistory({
      ...{ seed, crashes: seed % 3, faultShare: (seed % 3) * 0.05, hardships: true },
    });
    const lost = writes.filter((count) => count === 0).length;
    const end = { status: outcome.status, lost, gapsAtEnd };
    const expected = { status: 'complete', lost: 0, gapsAtEnd: 0 };
    expect(end, `replay with SEED=${seed} npm run test:sim`).toEqual(expected);
  }
});

test.each(['records', 'pages'] as const)(
  'pages that are counted off by %s, and grow behind their end: every history ends with all rows',
  (counts) => {
    for (const seed of seeds(SEEDS / 6)) {
      const crashes = seed % 4;
      const history = playHistory({ seed, crashes, faultShare: (seed % 5) * 0.05, counts });
      expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
    }
  },
);

test('windows of time: every history ends with all rows', () => {
  for (const seed of seeds(SEEDS / 6)) {
    const crashes = seed % 4;
    const faultShare = (seed % 5) * 0.05;
    const hardships = seed % 3 === 0;
    const history = playHistory({ seed, crashes, faultShare, hardships, counts: 'windows' });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test('children of parents: every history ends with all rows, and none that is finished is asked for again', () => {
  for (const seed of seeds(SEEDS / 6)) {
    const crashes = seed % 5;
    const faultShare = (seed % 4) * 0.05;
    const hardships = seed % 3 === 0;
    const history = playHistory({ seed, crashes, faultShare, hardships, counts: 'children' });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test('runs that follow one another over a source that grows end with all rows', () => {
  for (const seed of seeds(SEEDS / 4)) {
    const runs = 2 + (seed % 3);
    const history = playHistory({
      ...{ seed, crashes: seed % 8, faultShare: (seed % 5) * 0.05, runs, manyTies: seed % 4 === 0 },
    });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test('runs over a source most of whose rows share their instants end with all rows', () => {
  for (const seed of seeds(SEEDS / 12)) {
    const crashes = seed % 6;
    const faultShare = (seed % 5) * 0.05;
    const history = playHistory({ seed, crashes, faultShare, runs: 2, manyTies: true });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test('a stretch within one instant that cannot be reached any more is not given to itself', () => {
  const history = playHistory({
    ...{ seed: 228, crashes: 0, faultShare: 0.15, runs: 2, manyTies: true },
  });
  expect(broken(history)).toEqual([]);
});

test('a run over a source that has not grown asks for no more than it must', () => {
  for (const seed of seeds(SEEDS / 20)) {
    const history = playHistory({
      ...{ seed, crashes: 0, faultShare: 0, runs: 2, isSlow: false, isStill: true, isSteady: true },
    });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
    // Where the newest row ends its page, the one behind it shows that all others are older.
    expect(history.pagesOfLast, `seed ${seed}`).toBeLessThanOrEqual(2);
  }
});

test('without faults and crashes no page is asked for twice', () => {
  for (const seed of seeds(500)) {
    const history = playHistory({
      ...{ seed, crashes: 0, faultShare: 0, isSlow: false, isSteady: true },
    });
    expect(broken(history), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
    expect(Math.max(0, ...history.writes), `seed ${seed}`).toBeLessThanOrEqual(1);
  }
});

test('control: a database that loses commits is noticed', () => {
  const found = [...Array(50).keys()].some((seed) =>
    broken(playHistory({ seed, crashes: 0, faultShare: 0, sabotage: 'losesCommits' })).includes(
      'rows are lost',
    ),
  );
  expect(found).toBe(true);
});

test('control: a restart that forgets its starts is noticed', () => {
  const found = [...Array(100).keys()].some((seed) =>
    broken(playHistory({ seed, crashes: 5, faultShare: 0, sabotage: 'forgetsLimits' })).includes(
      'a window holds more than the quota',
    ),
  );
  expect(found).toBe(true);
});

test('control: starts that do not move with the clock are noticed', () => {
  const found = [...Array(100).keys()].some((seed) =>
    broken(playHistory({ seed, crashes: 5, faultShare: 0, sabotage: 'keepsClock' })).includes(
      'a window holds more than the quota',
    ),
  );
  expect(found).toBe(true);
});
