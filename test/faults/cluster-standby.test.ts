/** A standby, without Redis: it goes on when the process at work dies or stands still. */
import { describe, test } from 'vitest';
import { timeOf } from '../support/cluster-run.js';
import { LEASE, ROUNDS, useClusters } from '../support/clusters.js';
import { drawInteger, seededRandom } from '../support/random.js';

const clusters = useClusters();
const ALONE = { isShared: false, env: { MEMBER_LEASE: LEASE } };

describe.each(ROUNDS)('a standby, round %i', (round) => {
  test.each(['SIGKILL', 'SIGSTOP'] as const)('goes on after %s', async (signal) => {
    const random = seededRandom(round);
    const run = await clusters.begin(`standby: ${signal} of the first`, ALONE);
    const first = run.ingest();
    await first.untilLog('page_committed');
    const standby = run.ingest({ args: ['--standby'] });
    await standby.untilLog('standing_by');
    await first.untilLog('page_committed', { count: drawInteger(random, 1, 9) });
    const resumed = standby.untilLog('run_resumed');
    const death = await run.strike(first, signal);
    run.noteTakeover(timeOf(await resumed) - death.atMs);
    await standby.untilLog('page_committed');
    first.signal('SIGCONT');
    // One that was frozen finds its lock taken, or the run complete.
    const exits = await run.end(new Map([[first, [0, 1]]]));
    await run.expectSilent(death);
    await run.expectRight(exits);
  });
});
