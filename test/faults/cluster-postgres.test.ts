/** PostgreSQL is started again under members that are at work, or is out of reach for one of them. */
import { afterEach, beforeEach, describe, test } from 'vitest';
import { ROUNDS, useClusters } from '../support/clusters.js';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import { useOwnPostgres } from '../support/own-postgres.js';

const postgres = useOwnPostgres();
const clusters = useClusters(postgres);

let proxy: CuttingProxy;
beforeEach(async () => {
  proxy = await startCuttingProxy(postgres.connectionString);
});
afterEach(() => proxy.close());

/** So that a server that says nothing is given up after some seconds. */
const QUICK = { STATEMENT_TIMEOUT: '1', DATABASE_PATIENCE: '2', DATABASE_WAIT: '2' };

describe.each(ROUNDS)('PostgreSQL, round %i', () => {
  test.each([
    ['fast', () => postgres.shutDown()],
    ['immediate', () => postgres.crash()],
  ])('stopped in mode %s and started, twice', async (mode, stop) => {
    const run = await clusters.begin(`PostgreSQL restarted (${mode})`, {
      simulated: { events: 40_000 },
    });
    const members = await run.twoWalking();
    for (let restart = 0; restart < 2; restart++) {
      const back = members.map((member) => member.untilLog('lock_regained'));
      await stop();
      await postgres.start();
      await Promise.all(back);
    }
    run.ingest();
    await run.expectRight(await run.end());
  });

  test('silent to one member in the middle of a page: others take over, and it ends', async () => {
    const run = await clusters.begin('network to PostgreSQL cut half-way');
    await run.walking(1);
    const cut = run.ingest({ env: { ...QUICK, DATABASE_URL: proxy.connectionString } });
    await cut.untilLog('page_committed');
    await proxy.freezeAtRequest('COPY');
    const death = await run.holdings(cut);
    run.ingest();
    const exits = await run.end(new Map([[cut, [5]]]));
    await run.expectTakenOver(death);
    await run.expectSilent(death);
    await run.expectRight(exits);
  });

  test('silent to one member past its lease: it joins again when it is back', async () => {
    const run = await clusters.begin('network to PostgreSQL back again');
    await run.walking(1);
    const cut = run.ingest({ env: { DATABASE_URL: proxy.connectionString } });
    await cut.untilLog('page_committed');
    proxy.freeze();
    const death = await run.holdings(cut);
    run.ingest();
    await run.untilTakenOver(death);
    const lost = cut.untilLog('share_lost');
    proxy.thaw();
    await lost;
    const exits = await run.end();
    await run.expectTakenOver(death);
    await run.expectSilent(death);
    await run.expectRight(exits);
  });
});
