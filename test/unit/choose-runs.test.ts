/** Which runs a worker serves; each case is one look at all runs. */
import { describe, expect, test } from 'vitest';
import { type ChoiceTerms, chooseRuns, type ServableRun } from '../../src/core/choose-runs.js';

const NOW_MS = 1_000_000;
const TERMS: ChoiceTerms = { atOnce: 1, turnMs: 30_000, nowMs: NOW_MS, random: 0 };

/** Nobody's of this worker. */
const waits = (run: number, members: number, leftAgoMs: number | null = null): ServableRun => ({
  ...{ run, members, servedSinceMs: null },
  leftAtMs: leftAgoMs === null ? null : NOW_MS - leftAgoMs,
});
/** @param members besides this worker */
const served = (run: number, members: number, forMs = 0): ServableRun => ({
  ...{ run, members, servedSinceMs: NOW_MS - forMs, leftAtMs: null },
});

interface Case {
  readonly runs: readonly ServableRun[];
  readonly atOnce?: number;
  readonly join?: readonly number[];
  readonly leave?: readonly number[];
}

const look = ({ runs, atOnce = 1 }: Case) => chooseRuns(runs, { ...TERMS, atOnce });
const expectChoice = (one: Case) => {
  const { join = [], leave = [] } = one;
  expect(look(one)).toEqual({ join, leave });
};

describe('joins', () => {
  test.each<[string, Case]>([
    ['nothing where there is nothing', { runs: [] }],
    ['the only run', { runs: [waits(3, 2)], join: [3] }],
    [
      'the run with the fewest members',
      { runs: [waits(1, 2), waits(2, 0), waits(3, 1)], join: [2] },
    ],
    ['of the same the first', { runs: [waits(5, 1), waits(4, 1)], join: [4] }],
    [
      'of the same the one that it has served longest ago, or never',
      { runs: [waits(1, 0, 10), waits(2, 0, 90), waits(3, 0, 50)], join: [2] },
    ],
    ['one that it has never served first', { runs: [waits(1, 0, 90), waits(2, 0)], join: [2] }],
    [
      'one with fewer members, though it has just left it',
      { runs: [waits(1, 0, 1), waits(2, 1)], join: [1] },
    ],
    [
      'as many as it may',
      { runs: [waits(1, 2), waits(2, 0), waits(3, 1), waits(4, 0)], atOnce: 3, join: [2, 4, 3] },
    ],
    ['beside those that it serves', { runs: [served(1, 0), waits(2, 3)], atOnce: 2, join: [2] }],
    ['none that it serves', { runs: [served(1, 0), served(2, 0)], atOnce: 4 }],
    ['none beyond what it may', { runs: [served(1, 0), waits(2, 0)] }],
    ['none where it serves more than it may', { runs: [served(1, 0), served(2, 0), waits(3, 1)] }],
  ])('%s', (_, one) => expectChoice(one));
});

describe('leaves', () => {
  test.each<[string, Case]>([
    ['no run while none waits', { runs: [served(1, 9, 90_000)] }],
    ['no run while there is room', { runs: [served(1, 9), waits(2, 0)], atOnce: 2, join: [2] }],
    ['one that has two members more', { runs: [served(1, 1), waits(2, 0)], leave: [1] }],
    ['and not one that has one more', { runs: [served(1, 1, 90_000), waits(2, 1)] }],
    ['by far the larger one', { runs: [served(1, 5), waits(2, 2)], leave: [1] }],
    [
      'of those that it serves the one with the most members',
      { runs: [served(1, 2), served(2, 4), waits(3, 0)], atOnce: 2, leave: [2] },
    ],
    [
      'of the same the one that it has served for longest',
      {
        runs: [served(1, 1, 10), served(2, 1, 30), served(3, 1, 20), waits(4, 0)],
        atOnce: 3,
        leave: [2],
      },
    ],
    [
      'one that has had its turn, for one that has nobody',
      { runs: [served(1, 0, 30_000), waits(2, 0)], leave: [1] },
    ],
    ['and not before', { runs: [served(1, 0, 29_999), waits(2, 0)] }],
    ['nor for one that has somebody', { runs: [served(1, 0, 90_000), waits(2, 1)] }],
    [
      'for one behind those that there is room for',
      { runs: [served(1, 3), waits(2, 0), waits(3, 0)], atOnce: 2, join: [2], leave: [1] },
    ],
  ])('%s', (_, one) => expectChoice(one));

  test('one of several workers that see the same, by chance', () => {
    const runs = [served(1, 3), waits(2, 0)];
    const leaves = (random: number) => chooseRuns(runs, { ...TERMS, random }).leave;
    expect(leaves(0.24)).toEqual([1]);
    expect(leaves(0.26)).toEqual([]);
    const alone = [served(1, 0, 60_000), waits(2, 0)];
    expect(chooseRuns(alone, { ...TERMS, random: 0.999 }).leave).toEqual([1]);
  });
});

/** Looks a second apart; what is chosen is done at once. @returns the runs that are served at each */
function serve(runs: readonly number[], seconds: number): number[][] {
  const sinceMs = new Map<number, number>();
  const leftAtMs = new Map<number, number>();
  const history: number[][] = [];
  for (let nowMs = NOW_MS; nowMs < NOW_MS + seconds * 1_000; nowMs += 1_000) {
    const seen = runs.map((run) => ({
      ...{ run, members: 0 },
      servedSinceMs: sinceMs.get(run) ?? null,
      leftAtMs: leftAtMs.get(run) ?? null,
    }));
    const { join, leave } = chooseRuns(seen, { ...TERMS, nowMs });
    for (const run of leave) {
      sinceMs.delete(run);
      leftAtMs.set(run, nowMs);
    }
    for (const run of join) sinceMs.set(run, nowMs);
    history.push([...sinceMs.keys()]);
  }
  return history;
}

test('a worker alone serves all runs in turn, and none but one at once', () => {
  const history = serve([1, 2, 3], 200);
  expect(Math.max(...history.map(({ length }) => length))).toBe(1);
  const turns = history.flat().filter((run, nth, all) => run !== all[nth - 1]);
  expect(turns).toEqual([1, 2, 3, 1, 2, 3, 1]);
});

/** Workers that look one after another, each second, beside one member that stays with each run. */
function settle(workers: number, runs: readonly number[], random: () => number): number[] {
  const serving = Array.from({ length: workers }, () => runs[0] ?? 0);
  const membersOf = (run: number, but: number) =>
    1 + serving.filter((one, nth) => one === run && nth !== but).length;
  for (let look = 0; look < 60; look++) {
    // All see the same, before any of them acts.
    const choices = serving.map((own, nth) => {
      const seen = runs.map((run) => ({
        ...{ run, members: membersOf(run, nth), leftAtMs: null },
        servedSinceMs: run === own ? NOW_MS : null,
      }));
      return chooseRuns(seen, { ...TERMS, random: random() });
    });
    choices.forEach(({ join, leave }, nth) => {
      if (leave.length > 0) serving[nth] = 0;
      if (join.length > 0) serving[nth] = join[0] ?? 0;
    });
  }
  return runs.map((run) => membersOf(run, -1));
}

test('workers that all see a run with few members do not all change to it, and back', () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const members = settle(9, [1, 2, 3], random);
  expect(members.reduce((sum, one) => sum + one, 0)).toBe(12);
  expect(Math.max(...members) - Math.min(...members)).toBeLessThanOrEqual(1);
});
