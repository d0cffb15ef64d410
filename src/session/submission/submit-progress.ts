/** Shows how far a submission is: its body is large, and its answer can be long in coming. */
import { CountProgress } from '../../observe/count-progress.js';
import { whileShown } from '../../observe/progress.js';
import { nowMs } from '../../runtime/clock.js';
import type { SubmitClient } from './submit-client.js';

/** The same client, whose sending is seen on standard error unless `isQuiet`. */
export function sendingShown(
  client: SubmitClient,
  isQuiet: boolean,
): Pick<SubmitClient, 'list' | 'post'> {
  return {
    list: () => client.list(),
    async post(ids, githubRepoUrl) {
      const count = new CountProgress({ what: 'sending', unit: 'bytes', nowMs: nowMs() });
      const render = (): string => {
        if (client.sentBytes < ids.bytes) count.seen(client.sentBytes, ids.bytes);
        else count.turnTo('all is sent, waiting for the answer');
        return count.render(nowMs());
      };
      return whileShown({ render, isQuiet }, () => client.post(ids, githubRepoUrl));
    },
  };
}
