/**
 * What members of a run rely on, broken on purpose, one line at a time: a simulation that holds all the same does not
 * test that line. What the database sees to is broken in its model.
 */
import { expect, test } from 'vitest';
import { type CoreMutation, useMutatedCore } from '../support/mutated-core.js';

interface Mutation extends CoreMutation {
  /**
   * Of the kinds of histories, which repeat, one that may show it: every eighth counts records. Or as many are passed
   * over where few show it. @default 1
   */
  readonly every?: number;
}

/** Of which one has to break. */
const HISTORIES_MAX = 600;
/** Of a kind. */
const [COUNTED, HARD] = [8, 7];
const SEGMENTS = '../../test/support/simulated-segments';
const DATABASE = '../../test/support/simulated-database';

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a page is committed whoever holds its segment',
    file: SEGMENTS,
    text: 'if (this.segments.get(segment)?.epoch !== epoch)\n            throw notHeld(segment);',
    replacement: '',
  },
  {
    name: 'a claim takes what a living member holds',
    file: SEGMENTS,
    text: '(me.leaseUntilMs > nowMs && this.members.get(one.epoch)?.isLost !== false)',
    replacement: 'true',
  },
  {
    name: 'a lease is renewed though the member was given up',
    file: SEGMENTS,
    text: 'me === undefined || me.isLost)\n            return null;',
    replacement: 'me === undefined)\n            return null;',
  },
  {
    name: 'what a member has claimed is not told again when the answer was lost',
    file: SEGMENTS,
    text: 'const mayTake = (one) => one.epoch === epoch ||',
    replacement: 'const mayTake = (one) => one.epoch !== epoch &&',
  },
  {
    name: 'a member takes from others though it was away itself',
    file: SEGMENTS,
    text: 'me.leaseUntilMs <= nowMs + steadyMs || me.steadySinceMs >= nowMs - steadyMs',
    replacement: 'me.leaseUntilMs <= nowMs',
  },
  {
    name: 'who has lost the plan lock still writes',
    file: DATABASE,
    text: 'session?.isLost || this.isAway',
    replacement: 'this.isAway',
  },
  {
    name: 'the starts of others are read before they are written',
    file: '../../test/support/simulated-limit-store',
    text: "this.#sabotage === 'readsBeforeLock' ? this.#before : this.#logs",
    replacement: 'this.#before',
  },
  {
    name: 'a segment is told to have ended before its last page is committed',
    file: 'run-context',
    text: 'this.outstanding.hasOf(segment) || frontier.hasRepairOf(segment)',
    replacement: 'false',
  },
  {
    name: 'a segment is told to have ended though a page of it was dropped for good',
    file: 'run-context',
    text: 'this.#isIncomplete || isUnderWay',
    replacement: 'isUnderWay',
    every: HARD,
  },
  {
    name: 'a segment is given away while a page of it is under way',
    file: 'giving',
    text: '!isGone && isUnderWay',
    replacement: 'false',
  },
  {
    name: 'what is to be given is kept from being asked for though its end is not believed',
    file: 'giving',
    text: 'frontier.segments.keep(segment);',
    replacement: '',
  },
  {
    name: 'an end is not judged anew when the rest is given',
    file: 'scheduler',
    text: 'if (this.#giving.settle())\n            this.#flow.settleEnds(nowMs);',
    replacement: 'this.#giving.settle();',
    every: 3,
  },
  {
    name: 'the chain before one that is not reached yet is given away',
    file: 'segments',
    text: 'one.isOpen && one.isUnproven && isNextTo(segment, one)',
    replacement: 'false',
    every: COUNTED,
  },
  {
    name: 'what another has cut off passes for reached',
    file: 'claimed-segments',
    text: 'const isOrphan = after !== null;',
    replacement: 'const isOrphan = false;',
    every: COUNTED,
  },
  {
    name: 'a run is complete when nothing is left here',
    file: 'frontier',
    text: 'this.isIdle && (this.feed?.isExhausted ?? true)',
    replacement: 'this.isIdle',
  },
  {
    name: 'a run is put on record whatever its pages say',
    file: 'share-end',
    text: "gaps === 0 ? 'record' : 'planAnew'",
    replacement: "'record'",
    every: 2,
  },
  {
    name: 'numbers of segments of two members collide',
    file: SEGMENTS,
    text: 'this.#nextSegment = firstSegment + NUMBERS_OF_MEMBER;',
    replacement: '',
  },
  {
    name: 'numbers of what a member takes are those that its scheduler gives',
    file: 'member-numbers',
    text: 'let next = firstSegment + NUMBERS_OF_MEMBER / 2',
    replacement: 'let next = firstSegment',
  },
  {
    name: 'the end of the source is believed without counting what others have',
    file: 'announced-end',
    text: "if (context.awaitsOthers())\n            return { type: 'wait' };",
    replacement: "if (context.awaitsOthers())\n            return { type: 'true' };",
  },
  {
    name: 'a job that comes twice is taken twice',
    file: 'claimed-segments',
    text: '!held.has(segment)',
    replacement: 'true',
  },
  {
    name: 'what lacks before the last page of a segment keeps its number',
    file: 'claimed-segments',
    text: 'goesOn(gap) ?',
    replacement: 'gap === gaps[0] ?',
  },
  {
    name: 'only a member that is alone plans',
    file: 'entering',
    text: "return isPlanned ? 'join' : 'plan';",
    replacement: "return 'join';",
  },
  {
    name: 'a member does not see that the run was planned anew',
    file: 'taking',
    text: 'plan !== joinedPlan',
    replacement: 'false',
  },
  {
    name: 'nobody helps',
    file: 'help',
    text: 'wanting <= 0',
    replacement: 'true',
  },
];

type Properties = typeof import('../support/simulated-cluster-properties.js');

const mutated = useMutatedCore();

/** The first seed whose history does not hold; null: all do. */
async function firstBroken(mutation: Mutation | null, historiesMax: number) {
  const { every = 1 } = mutation ?? {};
  const { faultsOfCluster } = await mutated<Properties>(
    'test/support/simulated-cluster-properties.js',
    mutation,
  );
  for (let seed = every; seed <= every * historiesMax; seed += every) {
    try {
      if (faultsOfCluster(seed).length > 0) return seed;
    } catch {
      return seed;
    }
  }
  return null;
}

test.each(MUTATIONS)('is noticed: $name', async (mutation) => {
  const seed = await firstBroken(mutation, HISTORIES_MAX);
  expect(seed, 'the first seed that fails').not.toBeNull();
});

test('control: without a mutation the copied core holds', async () => {
  expect(await firstBroken(null, 30)).toBeNull();
});
