/**
 * The program broken on purpose, one line at a time: a simulation that holds all the same does not
 * test that line. A mutation replaces text of a compiled file; more are a row each.
 */
import { expect, test } from 'vitest';
import { type CoreMutation, useMutatedCore } from '../support/mutated-core.js';
import type { HistorySettings } from '../support/simulated-history.js';
import { broken } from '../support/simulated-properties.js';

interface Mutation extends CoreMutation {
  /** Seeds of which one has to break. @default 1000 */
  readonly seeds?: number;
  readonly settings?: Partial<HistorySettings>;
}

const TIED = { hardships: true, manyTies: true } as const;
const SLOW = { isSlow: true, faultShare: 0.2 } as const;

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'credits are not corrected when a page has come',
    file: 'page-flow',
    text: 'options.credits.correct(taskId, head.bodyBytes);',
    replacement: '',
  },
  {
    name: 'a renewed cursor may lead elsewhere',
    file: 'page-flow',
    text: '!options.frontier.isRenewal(job, nextCursor, nextPosition)',
    replacement: 'false',
    settings: SLOW,
  },
  {
    name: 'a cursor is renewed by a page of another size',
    file: 'dispatcher',
    text: 'isRefresh ? job.predecessor?.limit : null',
    replacement: 'null',
    settings: SLOW,
  },
  {
    name: 'a cursor that was given before is no loop',
    file: 'frontier',
    text: 'segment.seen.has(nextCursor) || nextCursor === job.cursor',
    replacement: 'false',
    settings: { loops: true },
    seeds: 5,
  },
  {
    name: 'every announced end is believed',
    file: 'announced-end',
    text: 'records >= total',
    replacement: 'true',
  },
  {
    name: 'a bound within an instant is over with any later id',
    file: 'segment',
    text: 'position.ms < bound.ms || comparePositions(position, bound) === 0',
    replacement: 'comparePositions(position, bound) >= 0',
    settings: TIED,
  },
  {
    name: 'rows of the instant of a bound are left to the other segment',
    file: 'position',
    text: 'ms < bound.ms',
    replacement: 'ms <= bound.ms',
  },
  {
    name: 'an instant that is walked in part passes for walked',
    file: 'resume',
    text: '...findOpenInstants(pages, found)',
    replacement: '',
    settings: TIED,
  },
  {
    name: 'a start left when it was permitted, whatever its answer says',
    file: 'token-bucket',
    text: 'Math.max(takenMs, sentMs)',
    replacement: 'takenMs',
  },
  {
    name: 'a start is saved when it has left, and not before',
    file: 'start-plan',
    text: 'withPlanned(log, count, validUntilMs)',
    replacement: 'log',
  },
];

const mutated = useMutatedCore();

type Play = typeof import('../support/simulated-run.js').playHistory;

/** The simulation over a core of its own, changed or not. */
async function simulationOf(mutation: CoreMutation | null): Promise<Play> {
  const module = await mutated<{ playHistory: Play }>('test/support/simulated-run.js', mutation);
  return module.playHistory;
}

/** What fails with a seed; nothing: all holds. */
function failures(play: Play, seed: number, settings: Partial<HistorySettings>): string[] {
  const crashes = seed % 6;
  try {
    const history = play({ seed, crashes, faultShare: (seed % 5) * 0.05, ...settings });
    return settings.loops === true ? loopFailures(history) : broken(history);
  } catch (bug) {
    return [String(bug)];
  }
}

/** A source that leads in a circle has to end the run by name. */
function loopFailures({ outcome }: ReturnType<Play>): string[] {
  const isNamed = outcome.status === 'failed' && outcome.fault.code === 'CONTRACT';
  return isNamed ? [] : [`ended ${JSON.stringify(outcome)}`];
}

test.each(MUTATIONS)('is noticed: $name', async (mutation) => {
  const { seeds = 1_000, settings = {} } = mutation;
  const play = await simulationOf(mutation);
  let seed = 1;
  while (seed <= seeds && failures(play, seed, settings).length === 0) seed++;
  expect(seed, 'the first seed that fails').toBeLessThanOrEqual(seeds);
});

test('control: without a mutation the copied core holds, and a loop is ended by name', async () => {
  const play = await simulationOf(null);
  for (let seed = 1; seed <= 20; seed++) {
    expect(failures(play, seed, {}), `seed ${seed}`).toEqual([]);
    expect(failures(play, seed, { loops: true }), `seed ${seed}`).toEqual([]);
  }
});
