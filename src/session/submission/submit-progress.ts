/** Shows how far a submission is: its body is large, and its answer can be long in coming. */
import { CountProgress } from '../../observe/count-progress.js';
import { Progress, progressMode } from '../../observe/progress.js';
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
      const progress = new Progress({
        stream: process.stderr,
        mode: progressMode(process.stderr, isQuiet),
        render: () => {
          if (client.sentBytes < ids.bytes) count.seen(client.sentBytes, ids.bytes);
          else count.turnTo('all is sent, waiting for the answer');
          return count.render(nowMs());
        },
      });
      progress.start();
      try {
        return await client.post(ids, githubRepoUrl);
      } finally {
        progress.stop();
      }
    },
  };
}
