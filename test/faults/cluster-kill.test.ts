/** Members of a run that are killed: others take over what they held, and nothing is lost or written twice. */
import { describe, expect, test, vi } from 'vitest';
import { withPool } from '../support/cluster-run.js';
import { LEASE, ROUNDS, useClusters } from '../support/clusters.js';
import { holdingCommits } from '../support/hold-commits.js';
import { waitingWriters } from '../support/holder-journal.js';
import type { IngestProcess } from '../support/ingest-process.js';
import { drawInteger, seededRandom } from '../support/random.js';

const clusters = useClusters();
const DEFAULT_LEASE = { env: { MEMBER_LEASE: LEASE } };
const WAIT = { timeout: 60_000, interval: 20 };

/** Waits until a page of the member is held up in its commit. */
function untilCommitWaits(epoch: number): Promise<void> {
  return withPool(clusters.database, (pool) =>
    vi.waitFor(async () => expect(await waitingWriters(pool, epoch)).toBeGreaterThan(0), WAIT),
  );
}

describe.each(ROUNDS)('SIGKILL, round %i', (round) => {
  test.each(['the beginner', 'one that joined'])('of %s: others take over', async (who) => {
    const random = seededRandom(2 * round + who.length);
    const run = await clusters.begin(`SIGKILL of ${who}`, DEFAULT_LEASE);
    const first = run.ingest();
    await first.untilLog('run_started');
    const [second] = await run.twoWalking();
    const victim = who === 'the beginner' ? first : second;
    await victim.untilLog('page_committed', { count: drawInteger(random, 1, 4) });
    const death = await run.strike(victim);
    run.ingest();
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectRight(exits);
  });

  test('of a worker: those who ingest take over', async () => {
    const random = seededRandom(round);
    const run = await clusters.begin('SIGKILL of a worker');
    await run.walking(1);
    const worker = run.worker();
    await worker.untilLog('page_committed', { count: drawInteger(random, 1, 4) });
    const death = await run.strike(worker);
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectRight(exits);
  });

  test.each([
    ['is carried out then', false],
    ['is held up until others want its segment', true],
  ])('in the middle of a commit, which %s', async (_, isHeldUp) => {
    const run = await clusters.begin('SIGKILL in mid-commit');
    const [victim] = await run.twoWalking();
    const death = await holdingCommits(clusters.database, async (hold) => {
      await hold();
      const { epoch } = await run.holdings(victim);
      await untilCommitWaits(epoch);
      const struck = await run.strike(victim);
      if (isHeldUp) await run.untilTakenOver(struck);
      return struck;
    });
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectRight(exits);
  });

  test('of one after another, while others join', async () => {
    const random = seededRandom(100 + round);
    const run = await clusters.begin('SIGKILL of four, one after another');
    let members: readonly IngestProcess[] = await run.walking(2);
    for (let kill = 0; kill < 4; kill++) {
      const [victim, ...others] = members;
      if (victim === undefined) throw new Error('there are two');
      await victim.untilLog('page_committed', { count: drawInteger(random, 1, 3) });
      victim.signal('SIGKILL');
      const next = run.ingest();
      await next.untilLog('page_committed');
      members = [...others, next];
    }
    await run.expectRight(await run.end());
  });

  test('of all at once: who is started then goes on', async () => {
    const run = await clusters.begin('SIGKILL of all at once');
    const members = await run.walking(3);
    await Promise.all(members.map((member) => member.kill()));
    run.ingest();
    run.ingest();
    await run.expectRight(await run.end());
  });
});
