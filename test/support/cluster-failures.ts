/** What is wrong with the history of one seed, in which several members share a run. */
import { playCluster } from './simulated-cluster.js';
import { broken } from './simulated-properties.js';

const PAGINGS = ['records', 'pages', 'windows', 'children'] as const;
/** A lease, and what it takes to see that it is over, to plan and to claim; away or frozen members come on top. */
const IDLE_MS_MAX = 90_000;

/** @returns nothing: all holds */
export function clusterFailures(seed: number): string[] {
  const paging = PAGINGS[seed % (2 * PAGINGS.length)];
  const history = playCluster({
    ...{ seed, faultShare: (seed % 4) * 0.05, isSteady: seed % 16 >= 12 },
    ...(paging === undefined ? {} : { paging }),
  });
  return [
    ...broken({ ...history, askedAgain: 0, pagesOfLast: 0 }),
    ...history.wrongs,
    ...(history.recordedComplete === 1 ? [] : [`recorded ${history.recordedComplete} times`]),
    ...(history.idleMsMax <= IDLE_MS_MAX ? [] : [`idle for ${history.idleMsMax} ms`]),
  ];
}
