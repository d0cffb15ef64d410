/** Members of a run that are killed: others take over what they held, and nothing is lost or written twice. */
import { describe, expect, test } from 'vitest';
import { LEASE, ROUNDS, useClusters } from '../support/clusters.js';
import { holdingPageOf } from '../support/holder-journal.js';
import type { IngestProcess } from '../support/ingest-process.js';
import { drawInteger, seededRandom } from '../support/random.js';

const clusters = useClusters();
const DEFAULT_LEASE = { env: { MEMBER_LEASE: LEASE } };

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

  test('of one of two: the other takes over beside what it has to do', async () => {
    const run = await clusters.begin('SIGKILL beside a busy member', {
      ...DEFAULT_LEASE,
      simulated: { events: 50_000 },
    });
    const [victim] = await run.twoWalking();
    const death = await run.strike(victim);
    await run.untilTakenOver(death);
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

  test('in the middle of a commit: it is rolled back for who takes over', async () => {
    const run = await clusters.begin('SIGKILL in mid-commit');
    const [victim] = await run.twoWalking();
    const { epoch } = await run.holdings(victim);
    const death = await holdingPageOf(clusters.database, epoch, async () => {
      const struck = await run.strike(victim);
      run.ingest();
      await run.untilTakenOver(struck);
      return struck;
    });
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectRight(exits);
  });

  test('of one after another, while others join', async () => {
    const random = seededRandom(100 + round);
    const run = await clusters.begin('SIGKILL of one after another', {
      simulated: { events: 45_000 },
    });
    let members: readonly IngestProcess[] = await run.walking(2);
    let kills = 0;
    for (; kills < 3; kills++) {
      const [victim, ...others] = members;
      // Unless the run is over.
      const count = drawInteger(random, 1, 2);
      const isAtWork = await victim?.untilLog('page_committed', { count }).catch(() => null);
      if (!isAtWork) break;
      victim?.signal('SIGKILL');
      members = [...others, run.ingest()];
    }
    expect(kills).toBeGreaterThan(0);
    await run.expectRight(await run.end());
  });

  test('of all at once: who is started then goes on', async () => {
    const run = await clusters.begin('SIGKILL of all at once');
    const members = await run.walking(2);
    await Promise.all(members.map((member) => member.kill()));
    run.ingest();
    run.ingest();
    await run.expectRight(await run.end());
  });
});
