/** The dashboard in a real browser, against real runs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useBrowser } from '../support/browser.js';
import {
  figure,
  SCREENSHOTS,
  untilFigure,
  untilLink,
  watchWith,
} from '../support/dashboard-page.js';
import { freePort } from '../support/free-port.js';
import { holdingCommits } from '../support/hold-commits.js';
import {
  API_KEY,
  environmentFor,
  ledgerSums,
  untilDisconnected,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { measured } from '../support/measured-page.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const openPage = useBrowser();
const watch = watchWith(openPage);

const count = (value: unknown): string => Number(value).toLocaleString('en-US');

/** Slow enough to be watched: 25 pages, ten a second at most. */
const WATCHABLE = { events: 24_500, eventsQuota: 5, eventsWindowMs: 500 };

test('its figures are those of the run, and stand when the run has ended', async () => {
  const simulator = await simulate(WATCHABLE);
  const environment = environmentFor(simulator, database, {
    HTTP_PORT: '0',
    // A few pages: a run that has fetched all of its pages is no longer running but finishing.
    CREDIT_BYTES: '2000000',
  });
  const { child, page, requested, complaints } = await holdingCommits(database, async (hold) => {
    const running = folder.start(['ingest', '--json'], environment);
    const listening = running.untilLog('http_listening');
    await running.untilLog('page_requested');
    await hold();
    const watched = await watch(running, {}, listening);
    await untilFigure(watched.page, 'state', 'running');
    return { child: running, ...watched };
  });
  const { code, result } = await child.end();
  expect(code).toBe(0);
  await untilFigure(page, 'state', 'complete');
  await untilLink(page, 'ended');
  const figures = {
    'rows.ingested': count(result?.eventsIngested),
    'rows.total': '24,500',
    'rows.share': '100.0 %',
    'rows.returned': count(result?.returned),
    'rows.inserted': count(result?.inserted),
    'rows.duplicate': count(result?.duplicate),
    'rows.quarantined': count(result?.quarantined),
    pages: count(result?.pages),
    'requests.sent': count(result?.requests),
    'requests.refused': count(result?.refused),
    'requests.retries': count(result?.retries),
  };
  for (const [name, text] of Object.entries(figures)) {
    expect(await figure(page, name), name).toBe(text);
  }
  const used = `${(Number(result?.utilisation) * 100).toFixed(1)} % of the limit used`;
  expect(await figure(page, 'requests.permittedText')).toContain(used);
  const progress = page.getByRole('progressbar');
  expect(await progress.getAttribute('aria-valuenow')).toBe('100.0');
  expect(await page.locator('#segments tr').count()).toBe(
    (await ledgerSums(database.pool)).segments,
  );
  const origin = new URL(page.url()).origin;
  for (const url of requested) expect(url.startsWith(origin) || url.startsWith('data:')).toBe(true);
  // What the browser says of the connection that the end of the program has cut is no fault of the page.
  expect(complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
  expect(await page.content()).not.toContain(API_KEY);
});

test('a kill shows as a lost connection, a resume as one: the page goes on by itself', async () => {
  const simulator = await simulate(WATCHABLE);
  const port = String(await freePort());
  const environment = environmentFor(simulator, database, { HTTP_PORT: port });
  const { page, complaints } = await holdingCommits(database, async (hold) => {
    const first = folder.start(['ingest', '--json'], environment);
    const listening = first.untilLog('http_listening');
    await first.untilLog('page_committed', { count: 8 });
    await hold();
    const watched = await watch(first, {}, listening);
    await untilFigure(watched.page, 'rows.ingested', /^[1-9]/);
    expect(watched.complaints).toEqual([]);
    await first.kill();
    return watched;
  });
  await untilLink(page, 'lost');
  expect(await page.locator('#link').innerText()).toMatch(/connection lost, trying again/);
  await untilDisconnected(database.pool);
  const { pages } = await ledgerSums(database.pool);

  const second = await holdingCommits(database, async (hold) => {
    const resumed = folder.start(['ingest', '--json'], environment);
    await resumed.untilLog('page_requested');
    await hold();
    await untilLink(page, 'live');
    await untilFigure(page, 'resumed', `Resumed from ${pages} committed pages.`);
    expect(await page.locator('#map.resumed').count()).toBe(1);
    return resumed;
  });
  const { code, result } = await second.end();
  expect(code).toBe(0);
  expect(result).toMatchObject({ resumedFrom: pages, eventsIngested: 24_500 });
  await untilFigure(page, 'state', 'complete');
  expect(await figure(page, 'rows.ingested')).toBe('24,500');
  expect(await figure(page, 'pages')).toBe(count(result?.pages));
  expect(await figure(page, 'requests.sent')).toBe(count(result?.requests));
  expect(complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
});

describe('without a run of its own', () => {
  test('it says so, and earlier runs open their report by keyboard', async () => {
    const simulator = await simulate({ events: 2_500 });
    const environment = environmentFor(simulator, database, { LOG_LEVEL: 'info' });
    expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
    const { page, complaints } = await watch(folder.start(['serve', '--port', '0'], environment));
    expect(await page.locator('#notice').innerText()).toMatch(/No ingestion runs in this process/);
    expect(await page.locator('#live').isVisible()).toBe(false);
    const button = page.getByRole('button', { name: 'Show the report of run 1' });
    await button.waitFor();
    await button.focus();
    await page.keyboard.press('Enter');
    const report = page.locator('#report');
    await report.getByRole('heading', { name: 'Run 1: complete' }).waitFor();
    expect(await report.innerText()).toMatch(/Rows committed\s+2,500/);
    await page.getByRole('button', { name: 'Close the report of run 1' }).waitFor();
    await page.keyboard.press('Enter');
    await report.waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  test('with an empty ledger it says that there is no run yet', async () => {
    const simulator = await simulate();
    const environment = environmentFor(simulator, database, { LOG_LEVEL: 'info' });
    const { page, complaints } = await watch(folder.start(['serve', '--port', '0'], environment));
    await page.getByText('No run yet: an ingestion begins one.').waitFor();
    expect(complaints).toEqual([]);
  });
});

/** Run in the page: the body has the focus when it has left the last part. */
const NAME_OF_FOCUS = 'document.activeElement.id || document.activeElement.className';

test('every part is reached by keyboard, and a chart reads its values to the arrow keys', async () => {
  const simulator = await simulate({ events: 20_000, eventsQuota: 3, eventsWindowMs: 30_000 });
  const environment = environmentFor(simulator, database, { HTTP_PORT: '0', LOG_LEVEL: 'info' });
  const { page } = await watch(folder.start(['ingest', '--json'], environment));
  await untilFigure(page, 'rows.ingested', '3,000');
  const reached = new Set<string>();
  for (let press = 0; press < 20; press++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate<string>(NAME_OF_FOCUS));
  }
  for (const part of ['skip', 'chart-rows', 'chart-requests', 'chart-stages', 'log']) {
    expect(reached).toContain(part);
  }
  const chart = page.locator('#chart-rows');
  const newest = page.locator('#chart-rows[aria-label*="rows 3,000"]');
  await newest.waitFor();
  await chart.focus();
  for (let press = 0; press < 60; press++) await page.keyboard.press('ArrowLeft');
  expect(await chart.getAttribute('aria-label')).toMatch(/rows 0$/);
});

test('it fits a phone, a tablet and a desk, in light and in dark', async () => {
  // Forty pages over several chains, and then nothing for a minute.
  const simulator = await simulate({
    events: 120_000,
    latencyMs: 400,
    eventsQuota: 40,
    eventsWindowMs: 60_000,
    hostileRows: 0.0005,
    hostileKinds: 'nulInString',
    htmlError: 0.05,
  });
  const environment = environmentFor(simulator, database, { HTTP_PORT: '0', LOG_LEVEL: 'info' });
  const child = folder.start(['ingest', '--json'], environment);
  const { page: first } = await watch(child);
  await untilFigure(first, 'rows.ingested', /^3\d,\d{3}/);
  mkdirSync(SCREENSHOTS, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [390, 820, 1280]) {
      const { page } = await openPage({ width, colorScheme });
      await page.goto(first.url());
      await untilFigure(page, 'rows.ingested', /^3\d,\d{3}/);
      await page.getByRole('button', { name: 'Show the report of run 1' }).waitFor();
      const path = join(SCREENSHOTS, `dashboard-${width}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      const { scroll, least, contrast } = await measured(page);
      expect(scroll, `${width}`).toBeLessThanOrEqual(0);
      expect(least).toBeGreaterThanOrEqual(12);
      // The contrast that WCAG asks of text (AA).
      expect(contrast.ratio, `${contrast.text}, ${colorScheme}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});
