/** The members of a shared run in a real browser: on the page of any of them, of a worker, and of one that looks on. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { useBrowser } from '../support/browser.js';
import { DEADLINE_MS, figure, SCREENSHOTS, watchWith } from '../support/dashboard-page.js';
import { API_KEY, environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';
import { measured } from '../support/measured-page.js';
import { useRedisServer } from '../support/redis-server.js';
import { SharedRun } from '../support/shared-run.js';

const redis = useRedisServer({ password: 'sesam-oeffne-dich' });
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const openPage = useBrowser();
const watch = watchWith(openPage);

/** Forty pages over several chains, and then nothing for a minute. */
const STILL = { events: 120_000, latencyMs: 400, eventsQuota: 40, eventsWindowMs: 60_000 };

async function share(changes: object = STILL): Promise<SharedRun> {
  const simulator = await simulate(changes);
  const url = `redis://:sesam-oeffne-dich@127.0.0.1:${redis.port}`;
  return new SharedRun({ database, folder, simulator, redis: { url } });
}

const lineOf = (page: Page, { pid }: IngestProcess) =>
  page.locator(`#members tr[data-member$=" ${pid}"]`);

async function untilMembers(page: Page, members: readonly IngestProcess[]): Promise<void> {
  for (const member of members) {
    await lineOf(page, member).filter({ hasText: 'walking' }).waitFor({ timeout: DEADLINE_MS });
  }
}

describe('a run that members share', () => {
  test('is shown with all of them on every page, and a dead one with what it holds', async () => {
    const run = await share();
    const first = run.ingest();
    const onFirst = await watch(first);
    const second = run.ingest();
    const third = run.worker();
    const onThird = await watch(third);
    const onlooker = await watch(run.serve());
    const members = [first, second, third];
    for (const { page } of [onFirst, onThird, onlooker]) {
      await untilMembers(page, members);
      const lead = await page.locator('#members-lead').innerText();
      expect(lead).toMatch(/^1 shared run, 3 members, [\d,]+ rows\/s together$/);
      expect(await page.locator('#members .members-run').innerText()).toMatch(
        /Run 1 · datasync\.events/,
      );
    }
    expect(await lineOf(onFirst.page, first).innerText()).toContain('this process');
    expect(await lineOf(onFirst.page, second).innerText()).not.toContain('this process');
    expect(await figure(onThird.page, 'where')).toContain('helps with runs');
    expect(await onThird.page.locator('#live').isVisible()).toBe(false);
    await second.kill();
    const dead = lineOf(onThird.page, second).filter({ hasText: 'not heard of' });
    await dead.waitFor({ timeout: DEADLINE_MS });
    expect(await dead.innerText()).toMatch(/lease over for \d+ s/);
    expect(await onThird.page.locator('#members-lead').innerText()).toContain('; 1 not heard of');
    for (const { page, complaints } of [onFirst, onThird, onlooker]) {
      expect(complaints).toEqual([]);
      const content = await page.content();
      for (const secret of [API_KEY, 'sesam']) expect(content).not.toContain(secret);
    }
  });

  test('fits a phone, a tablet and a desk, in light and in dark', async () => {
    const run = await share();
    const first = run.ingest();
    const { page: opened } = await watch(first);
    const second = run.ingest();
    const third = run.worker();
    await untilMembers(opened, [first, second, third]);
    await third.kill();
    await lineOf(opened, third).filter({ hasText: 'not heard of' }).waitFor();
    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 820, 1400]) {
        const { page } = await openPage({ width, colorScheme });
        await page.goto(opened.url());
        await untilMembers(page, [first, second]);
        const path = join(SCREENSHOTS, `members-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
        const { scroll, least, contrast } = await measured(page);
        expect(scroll, `${width}`).toBeLessThanOrEqual(0);
        expect(least).toBeGreaterThanOrEqual(12);
        expect(contrast.ratio, `${contrast.text}, ${colorScheme}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

test('a process that works by itself has no members to show', async () => {
  const simulator = await simulate(STILL);
  const alone = folder.start(
    ['ingest', '--json'],
    environmentFor(simulator, database, { HTTP_PORT: '0' }),
  );
  const { page } = await watch(alone);
  await page.locator('[data-field="pages"]').filter({ hasText: '40' }).waitFor();
  expect(await page.locator('#members-card').isVisible()).toBe(false);
});
