/** Several members that share one run, of which some are killed, paused, stopped, or cut off from the ledger. */
import { expect, test } from 'vitest';
import { playCluster } from '../support/simulated-cluster.js';
import { clusterSettings } from '../support/simulated-cluster-history.js';
import { faultsOfCluster } from '../support/simulated-cluster-properties.js';

/** `SEED=7 npm run test:sim` replays one seed. */
const ONLY = process.env.SEED === undefined ? null : Number(process.env.SEED);
const SEEDS = Number(process.env.SEEDS ?? 6_000) / 6;

function* seeds(): Iterable<number> {
  if (ONLY !== null) yield ONLY;
  else for (let seed = 1; seed <= SEEDS; seed++) yield seed;
}

test('whatever befalls the members of a run, it ends with all rows, and nobody does what another holds', () => {
  for (const seed of seeds()) {
    expect(faultsOfCluster(seed), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});

test('members share what there is: segments are given, taken over and planned anew', () => {
  const said: Record<string, number> = {};
  for (let seed = 1; seed <= 100; seed++) {
    const { counts } = playCluster(clusterSettings(seed));
    for (const [what, count] of Object.entries(counts)) said[what] = (said[what] ?? 0) + count;
  }
  const happened = ['giveSegments', 'taken over', 'splitSegment', 'othersWanted', 'plans'];
  const ended = ['finish LEASE_LOST', 'finish ORDER_LEFT', 'finish PLAN_WANTED'];
  for (const what of [...happened, ...ended]) expect(said[what], what).toBeGreaterThan(0);
});
