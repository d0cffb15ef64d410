import { playCluster } from './simulated-cluster.js';
import {
  type ClusterHistory,
  type ClusterSettings,
  clusterSettings,
} from './simulated-cluster-history.js';
import { broken } from './simulated-properties.js';

/** While nothing fails for long: a page that is under way is waited for, with its limit and its faults. */
const IDLE_MS_MAX = 30_000;

/** What does not hold of the history of a seed. @throws when it does not end, or because of a bug */
export function faultsOfCluster(seed: number): string[] {
  const settings = clusterSettings(seed);
  return brokenOfCluster(playCluster(settings), settings);
}

/** What must hold of every history of members; the names of what does not. */
function brokenOfCluster(history: ClusterHistory, { isHard }: ClusterSettings): string[] {
  const { wrongs, recordedComplete, idleMsMax } = history;
  const faults = [...broken(history), ...wrongs];
  if (recordedComplete !== 1) faults.push(`put on record ${recordedComplete} times`);
  if (isHard !== true && idleMsMax > IDLE_MS_MAX) {
    const seconds = Math.round(idleMsMax / 1000);
    faults.push(`a member has nothing for ${seconds} s, and could have something`);
  }
  return faults;
}
