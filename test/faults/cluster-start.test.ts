/** Members that begin at the same instant, with other clocks, or unlike one another. */
import { describe, expect, test } from 'vitest';
import { ROUNDS, useClusters } from '../support/clusters.js';

const clusters = useClusters();

const SHORT = { simulated: { events: 15_000 } };
const MINUTES_MS = 5 * 60_000;

describe.each(ROUNDS)('members, round %i', (round) => {
  test.each([2, 3])('%i that are the first at the same instant begin one run', async (count) => {
    const run = await clusters.begin('started at the same instant', SHORT);
    const members = Array.from({ length: count }, () => run.ingest());
    const exits = await run.end();
    expect(exits).toHaveLength(members.length);
    await run.withPool(async (pool) => {
      expect((await pool.query('SELECT FROM ingestion_runs')).rowCount).toBe(1);
    });
    await run.expectRight(exits);
  });

  test('whose clocks are five minutes ahead and behind keep to the limit together', async () => {
    const run = await clusters.begin('clocks ten minutes apart');
    const skewMs = round % 2 === 0 ? MINUTES_MS : -MINUTES_MS;
    const first = run.skewed(skewMs);
    const { startMs } = await first.untilLog('page_requested');
    expect(Math.abs(Number(startMs) - skewMs - Date.now())).toBeLessThan(MINUTES_MS / 2);
    run.skewed(-skewMs);
    await run.walking(1);
    await run.expectRight(await run.end());
  });

  test('one of another version is refused, and both are named', async () => {
    const run = await clusters.begin('another version', SHORT);
    const [first] = await run.walking(1);
    await run.withPool((pool) => pool.query("UPDATE ingestion_members SET version = '99.0.0'"));
    const refused = run.ingest();
    const { code, stdout, stderr } = await refused.end();
    expect(code, stderr).toBe(2);
    expect(stdout + stderr).toMatch(
      new RegExp(`process ${first?.pid} with version 99\\.0\\.0, and this is version \\d`),
    );
    await run.expectRight(await run.end(new Map([[refused, [2]]])));
  });
});
