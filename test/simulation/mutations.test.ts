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
/** A loop is seen when it closes, and not only once a thousand pages have brought nothing new. */
const LOOP_STEPS_MAX = 3_000;
const RUNS = { runs: 3, manyTies: true } as const;
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
    file: 'segment',
    text: 'this.#seen.has(way.cursor)',
    replacement: 'false',
    settings: { loops: true },
    seeds: 5,
  },
  {
    name: 'a page of a window is named by how many are before it alone',
    file: '../paging/window-places',
    text: "restarts, endMs, cursor ?? ''",
    replacement: "0, endMs, ''",
    settings: { counts: 'windows' },
  },
  {
    name: 'the first pages of a window claim all of it',
    file: '../paging/window-places',
    text: '{ ms: 0 - startMs, id:',
    replacement: '{ ms: 1 - endMs, id:',
    settings: { counts: 'windows' },
  },
  {
    name: 'a page of a window counts though those before it lack',
    file: 'reached-pages',
    text: 'start === null',
    replacement: 'true',
    settings: { counts: 'windows', hardships: true },
  },
  {
    name: 'what is refused behind the end of counted pages ends the run',
    file: 'contradictions',
    text: '!refusesPlace(fault)',
    replacement: 'true',
    settings: { counts: 'pages' },
  },
  {
    name: 'an end that the chain before was told of is asked for in vain',
    file: 'contradictions',
    text: '!outstanding.isEndToldAt(after)',
    replacement: 'true',
    settings: { counts: 'pages' },
  },
  {
    name: 'a total is believed that may be as far as the API counts',
    file: '../paging/offset-pages',
    text: "mayBeCap(total, 'records')",
    replacement: 'false',
    settings: { counts: 'records' },
  },
  {
    name: 'a total is believed that counts the records of a page',
    file: '../paging/offset-pages',
    text: 'cursor === null && total === recordCount',
    replacement: 'false',
    settings: { counts: 'records' },
  },
  {
    name: 'a number of pages is believed that counts the records of a page',
    file: '../paging/numbered-pages',
    text: 'pages === recordCount',
    replacement: 'false',
    settings: { counts: 'pages' },
  },
  {
    name: 'a number of pages that was passed is believed',
    file: '../paging/numbered-pages',
    text: '&& !isWrong',
    replacement: '',
    settings: { counts: 'pages' },
  },
  {
    name: 'what has the instant of the watermark is left out',
    file: '../source/stretch',
    text: 'ms: fromMs, id: LOWEST_ID',
    replacement: 'ms: fromMs + 1, id: LOWEST_ID',
    settings: RUNS,
  },
  {
    name: 'a watermark is higher than what was read',
    file: '../session/next-watermark',
    text: 'new Date(newestMs)',
    replacement: 'new Date(newestMs + 60_000)',
    settings: RUNS,
  },
  {
    name: 'an end short of what earlier runs have read is believed',
    file: 'announced-end',
    text: 'page.bound !== null && options.followsRuns === true',
    replacement: 'false',
    settings: RUNS,
  },
  {
    name: 'a run that is not complete is left for the next',
    file: '../session/choose-pass',
    text: "latest.status !== 'complete'",
    replacement: 'false',
    settings: RUNS,
  },
  {
    name: 'every announced end is believed',
    file: 'announced-end',
    text: 'records >= total',
    replacement: 'true',
  },
  {
    name: 'a bound within an instant is over with any later id',
    file: '../paging/position',
    text: 'position.ms < bound.ms || comparePositions(position, bound) === 0',
    replacement: 'comparePositions(position, bound) >= 0',
    settings: TIED,
  },
  {
    name: 'rows of the instant of a bound are left to the other segment',
    file: '../paging/position',
    text: 'bound !== null && ms < bound.ms',
    replacement: 'bound !== null && ms <= bound.ms',
  },
  {
    name: 'an instant that is walked in part passes for walked',
    file: 'resume',
    text: '...findOpenInstants(covered, gaps)',
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
    name: 'a start is reserved when it has left, and not before',
    file: 'start-plan',
    text: 'request: { log, count, untilMs, shares }',
    replacement: 'request: { log, count, untilMs: nowMs - 1e9, shares }',
  },
  {
    name: 'an order that is not declared, or that a page has contradicted, is relied on',
    file: 'source-order',
    text: 'return this.#holds;',
    replacement: 'return true;',
  },
  {
    name: 'what was skipped by an order that does not hold stays skipped',
    file: 'run-context',
    text: '!frontier.hasSkipped && this.outstanding.isUnbrokenUntil(job)',
    replacement: 'true',
  },
  {
    name: 'a resume goes by an order that a page has contradicted',
    file: 'resume',
    text: 'pages.every((page) => page.isOrdered)',
    replacement: 'true',
  },
  {
    name: 'a resume rests on pages that left records to another segment',
    file: 'chains',
    text: 'page.clipped === 0',
    replacement: 'true',
    seeds: 3_000,
  },
  {
    name: 'a page passes for the one behind another of its segment, though it was asked with another cursor',
    file: 'chains',
    text: 'page + 1}`',
    replacement: 'page + 2}`',
  },
  {
    name: 'committed pages that a chain comes to pass for the end',
    file: 'committed-ahead',
    text: 'livingTip(walked.tips, nowMs)',
    replacement: "'end'",
  },
  {
    name: 'a child that is finished is asked for again',
    file: 'child-resume',
    text: 'ends.length > 0',
    replacement: 'false',
    settings: { counts: 'children' },
  },
  {
    name: 'a run is through when the children that were read are',
    file: 'segment-feed',
    text: 'this.#isThrough && this.left === 0',
    replacement: 'this.left === 0',
    settings: { counts: 'children' },
  },
  {
    name: 'a child goes on behind the page that was committed last',
    file: 'child-resume',
    text: 'livingTip(tips, nowMs)',
    replacement: 'livingTip([...pages].reverse(), nowMs)',
    settings: { counts: 'children' },
  },
  {
    name: 'a page is written before the one that gave its cursor is scanned',
    file: 'outstanding',
    text: "page?.phase === 'held' && page.job.isAfterKnown",
    replacement: "page?.phase === 'held'",
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
function loopFailures({ outcome, steps }: ReturnType<Play>): string[] {
  const isNamed = outcome.status === 'failed' && outcome.fault.code === 'CONTRACT';
  const isSoon = steps < LOOP_STEPS_MAX;
  return isNamed && isSoon ? [] : [`ended after ${steps} steps: ${JSON.stringify(outcome)}`];
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
