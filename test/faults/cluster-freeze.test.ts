/** Members that stand still for longer than their lease: on waking up they write nothing, and join again. */
import { describe, expect, test } from 'vitest';
import { LEASE, ROUNDS, useClusters } from '../support/clusters.js';
import { holdingPageOf } from '../support/holder-journal.js';
import type { IngestProcess } from '../support/ingest-process.js';

const clusters = useClusters();

/** It joins the run again, and ends with it. */
async function wake(member: IngestProcess): Promise<void> {
  const lost = member.untilLog('share_lost');
  member.signal('SIGCONT');
  expect(await lost).toMatchObject({ fault: { code: 'LEASE_LOST' } });
}

describe.each(ROUNDS)('SIGSTOP, round %i', () => {
  test('until another member has finished its segment', async () => {
    const run = await clusters.begin('SIGSTOP past the lease', { env: { MEMBER_LEASE: LEASE } });
    const [victim] = await run.twoWalking();
    run.ingest();
    await victim.untilLog('page_requested');
    const death = await run.strike(victim, 'SIGSTOP');
    await run.untilTakenOver(death);
    run.hurry();
    await run.untilFinishedByOthers(death);
    await wake(victim);
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectSilent(death);
    await run.expectRight(exits);
  });

  test('in the middle of a commit, until another member has its segment', async () => {
    const run = await clusters.begin('SIGSTOP in mid-commit');
    const [victim] = await run.twoWalking();
    const { epoch } = await run.holdings(victim);
    const death = await holdingPageOf(clusters.database, epoch, async () => {
      const struck = await run.strike(victim, 'SIGSTOP');
      run.ingest();
      await run.untilTakenOver(struck);
      return struck;
    });
    await wake(victim);
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectSilent(death);
    await run.expectRight(exits);
  });

  test('of all at once: the first that wakes up goes on', async () => {
    const run = await clusters.begin('SIGSTOP of all at once');
    const members = await run.walking(2);
    for (const member of members) member.signal('SIGSTOP');
    const next = run.ingest();
    await next.untilLog('page_committed');
    for (const member of members) member.signal('SIGCONT');
    await run.expectRight(await run.end());
  });
});
