/** What members of a run promise one another, broken on purpose, one line at a time: the simulation notices each. */
import { expect, test } from 'vitest';
import { type CoreMutation, useMutatedCore } from '../support/mutated-core.js';

type Failures = typeof import('../support/cluster-failures.js');

interface Mutation extends CoreMutation {
  /** Of which one has to fail. @default 200 */
  readonly seeds?: number;
}

const SUPPORT = '../../test/support';

const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a page is written whoever holds its segment',
    file: `${SUPPORT}/simulated-segments`,
    text: 'this.segments.get(segment)?.epoch !== epoch',
    replacement: 'false',
  },
  {
    name: 'a member takes what another holds that lives',
    file: `${SUPPORT}/simulated-segments`,
    text: 'this.members.get(one.epoch)?.isLost !== false',
    replacement: 'true',
  },
  {
    name: 'a lease is renewed though the member was given up',
    file: `${SUPPORT}/simulated-segments`,
    text: 'me.isLost)\n            return null;',
    replacement: 'false)\n            return null;',
  },
  {
    name: 'two members number their segments alike',
    file: `${SUPPORT}/simulated-segments`,
    text: 'this.#nextSegment = firstSegment + NUMBERS_OF_MEMBER',
    replacement: 'this.#nextSegment = firstSegment',
  },
  {
    name: 'the limit is read before others have written their starts',
    file: `${SUPPORT}/simulated-limit-store`,
    text: 'others: new Map(theirs)',
    replacement: 'others: new Map()',
  },
  {
    name: 'a segment is told to have ended before all of it is committed',
    file: 'run-context',
    text: 'if (isUnderWay || frontier.segments.isOpen(segment)',
    replacement: 'if (frontier.segments.isOpen(segment)',
  },
  {
    name: 'a segment is given while a page of it is under way',
    file: 'giving',
    text: 'if (!isGone && isUnderWay)',
    replacement: 'if (false)',
  },
  {
    name: 'a run is complete when nothing of it is left here',
    file: 'segment-feed',
    text: 'this.#isThrough && this.left === 0',
    replacement: 'this.left === 0',
  },
  {
    name: 'an announced end is believed, whatever all members have received',
    file: 'announced-end',
    text: 'records >= total',
    replacement: 'true',
  },
];

const mutated = useMutatedCore();

async function firstFailing(mutation: CoreMutation | null, seeds: number): Promise<number | null> {
  const path = 'test/support/cluster-failures.js';
  const { clusterFailures } = await mutated<Failures>(path, mutation);
  for (let seed = 1; seed <= seeds; seed++) if (fails(clusterFailures, seed)) return seed;
  return null;
}

function fails(clusterFailures: Failures['clusterFailures'], seed: number): boolean {
  try {
    return clusterFailures(seed).length > 0;
  } catch {
    return true;
  }
}

test.each(MUTATIONS)('is noticed: $name', async ({ seeds = 200, ...mutation }) => {
  expect(await firstFailing(mutation, seeds), 'the first seed that fails').not.toBeNull();
});

test('control: without a mutation the copied core holds', async () => {
  expect(await firstFailing(null, 20)).toBeNull();
});
