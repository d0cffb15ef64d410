/** Redis goes away from members that are at work: they go on by the ledger, and nothing is lost or written twice. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { ROUNDS, useClusters } from '../support/clusters.js';

const clusters = useClusters();
const { redis } = clusters;

/** Twenty-five seconds of two members. */
const LONG = { simulated: { events: 50_000 } };
const OUTAGE_MS = 20_000;

describe.each(ROUNDS)('Redis, round %i', () => {
  test('started again without its data, twice', async () => {
    const run = await clusters.begin('Redis restarted');
    const [first] = await run.twoWalking();
    for (let restart = 0; restart < 2; restart++) {
      const troubled = first.untilLog('queue_trouble');
      await redis.stop();
      await troubled;
      const isBack = first.untilLog('queue_back');
      await redis.start();
      await isBack;
    }
    run.ingest();
    await run.expectRight(await run.end());
  });

  test('emptied again and again', async () => {
    const run = await clusters.begin('Redis emptied');
    const [first] = await run.twoWalking();
    for (let flush = 0; flush < 5; flush++) {
      await redis.ask('FLUSHALL');
      if (flush < 2) run.ingest();
      await first.untilLog('page_requested').catch(() => null);
    }
    await run.expectRight(await run.end());
  });

  test('out of reach for twenty seconds', async () => {
    const run = await clusters.begin('Redis frozen for 20 s', LONG);
    const [first] = await run.twoWalking();
    const troubled = first.untilLog('queue_trouble');
    redis.freeze();
    await troubled;
    // The outage itself.
    await delay(OUTAGE_MS);
    redis.thaw();
    await run.expectRight(await run.end());
  });

  test('gone for good, and a member killed then', async () => {
    const run = await clusters.begin('Redis gone for good');
    const [first, second] = await run.twoWalking();
    const third = run.ingest();
    await third.untilLog('run_resumed');
    const troubled = first.untilLog('queue_trouble');
    await redis.stop();
    await troubled;
    const death = await run.strike(second);
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectRight(exits);
  });
});
