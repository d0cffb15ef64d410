/** What the dashboard says when a run does not get on, and when its own connection is taken away. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useBrowser } from '../support/browser.js';
import { SCREENSHOTS, untilFigure, untilLink, watchWith } from '../support/dashboard-page.js';
import { freePort } from '../support/free-port.js';
import { API_KEY, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const watch = watchWith(useBrowser());

test('a dead API is told with a banner: what is wrong, since when, and when the next attempt is', async () => {
  const port = String(await freePort());
  const child = folder.start(['ingest', '--json'], {
    ...{ TARGET_API_KEY: API_KEY, API_BASE_URL: `http://127.0.0.1:${port}/api/v1` },
    ...{ DATABASE_URL: database.connectionString, HTTP_PORT: '0' },
  });
  const { page } = await watch(child);
  const banner = page.locator('#trouble');
  await banner.getByText('The API gives no page').waitFor();
  await untilFigure(page, 'state', 'held up');
  await untilFigure(page, 'trouble.message', /./);
  const instant = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC[^ ]*';
  const times = new RegExp(
    `^Since ${instant} \\(\\d+ s\\), \\d+ failed attempts?; next attempt in \\d+ s, at ${instant}\\.$`,
  );
  await untilFigure(page, 'trouble.times', times);
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, 'dashboard-dead-api.png') });
  child.signal('SIGINT');
  await child.exited;
  await untilFigure(page, 'state', 'paused');
  await banner.waitFor({ state: 'hidden' });
  // What held it up in its last moment is no longer said of now.
  await untilFigure(page, 'bottleneck', /^The run is over\. Most of its time, /);
  expect(await page.locator('#window').isVisible()).toBe(false);
});

test('a page whose place another has taken says so, and does not come back by itself', async () => {
  const child = folder.start(['serve', '--port', '0'], {
    ...{ DATABASE_URL: database.connectionString, LOG_LEVEL: 'info' },
  });
  const { page } = await watch(child);
  const url = `${new URL(page.url()).origin}/events`;
  const others = await Promise.all(Array.from({ length: 16 }, () => fetch(url)));
  await untilLink(page, 'displaced');
  expect(await page.locator('#link').innerText()).toMatch(/reload it to look on here/);
  for (const { body } of others) await body?.cancel();
});
