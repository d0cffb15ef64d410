/** Several members of one run, in simulated time: they die, freeze, wake up, join and leave, and so do their clocks, the ledger and the queue. */
import { expect, test } from 'vitest';
import { clusterFailures } from '../support/cluster-failures.js';

/** `SEED=7 npm run test:sim` replays one seed. */
const ONLY = process.env.SEED === undefined ? null : Number(process.env.SEED);
const SEEDS = Number(process.env.CLUSTER_SEEDS ?? 600);

test('every history of members that share a run ends with all rows, each written by who held its segment', () => {
  const [first, last] = ONLY === null ? [1, SEEDS] : [ONLY, ONLY];
  for (let seed = first; seed <= last; seed++) {
    expect(clusterFailures(seed), `replay with SEED=${seed} npm run test:sim`).toEqual([]);
  }
});
