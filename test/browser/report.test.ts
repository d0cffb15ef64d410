/** The report's page in a real browser: on a phone, on a desk and on paper no word and no number is broken. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runReportPage } from '../../src/observe/run-report-page.js';
import { useBrowser } from '../support/browser.js';
import { REPOSITORY } from '../support/repository.js';
import { STARTED_MS, sampleReport, sampleSession } from '../support/sample-report.js';

const openPage = useBrowser();
const SCREENSHOTS = join(REPOSITORY, 'reports', 'screenshots');
const LATER_MS = STARTED_MS + 26_000_000;

const REPORT = sampleReport({
  origin: 'http://a-load-balancer-of-a-long-name-101078500.us-east-1.elb.example/api/v1',
  reason: 'segment 3, page 17: the API answered with 503 until its pauses were spent',
  endedAtMs: LATER_MS,
  rows: {
    ...{ ingested: 3_000_000, total: 3_000_000, returned: 3_000_010, inserted: 3_000_000 },
    ...{ updated: 0, duplicate: 0, quarantined: 1_234_577, deleted: null },
  },
  sessions: [
    sampleSession({ status: 'paused', rows: 149_959, requests: 1_234_567 }),
    sampleSession({ startedAtMs: STARTED_MS + 200_000, endedAtMs: LATER_MS, rows: 2_850_041 }),
  ],
  quarantine: [
    { reason: 'no id', records: 10, segment: 1, page: 4 },
    {
      reason: `created_at is no instant: "${'2026-13-45'.repeat(9)}", of an event without a name`,
      ...{ records: 1_234_567, segment: 12, page: 1_234 },
    },
  ],
  settings: { concurrency: 10, pageLimit: null, unbroken: 'x'.repeat(200) },
});

interface Layout {
  /** Words and numbers that stand on two lines. */
  readonly broken: readonly string[];
  /** Pixels by which the page is wider than the window. */
  readonly tooWide: number;
}

/** Run in the page. A word that is longer than an instant may be broken: it fits no column. */
const LAYOUT = `(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const broken = [];
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.parentElement.closest('svg, style, .origin, code')) continue;
    for (const word of node.data.matchAll(/\\S+/g)) {
      if (word[0].length > 23) continue;
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) broken.push(word[0]);
    }
  }
  return { broken, tooWide: document.documentElement.scrollWidth - window.innerWidth };
})()`;

test.each([
  ['phone', 320, 'screen'],
  ['phone', 390, 'screen'],
  ['desk', 1_000, 'screen'],
  // A4 within its margins.
  ['paper', 718, 'print'],
] as const)('on a %s of %d pixels nothing is broken or cut off', async (name, width, media) => {
  const { page, complaints } = await openPage({ width });
  await page.emulateMedia({ media });
  await page.setContent(runReportPage(REPORT));
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `report-${name}-${width}.png`), fullPage: true });
  expect(await page.evaluate<Layout>(LAYOUT)).toEqual({ broken: [], tooWide: 0 });
  expect(complaints).toEqual([]);
});
