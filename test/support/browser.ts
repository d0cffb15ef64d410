/** Debian's Chromium, driven through playwright-core; tests that need it are skipped without it. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';
/** No sandbox, for tests run as root in CI; and nothing that talks to the outside by itself. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface WatchedPage {
  readonly page: Page;
  /** Every address that the page asked for. */
  readonly requested: readonly string[];
  /** What the console said at level error, and errors that nothing caught. */
  readonly complaints: string[];
}

export interface PageOptions {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** @returns opens a page that is closed after the test */
export function useBrowser(): (options?: PageOptions) => Promise<WatchedPage> {
  let browser: Browser | null = null;
  const pages: Page[] = [];
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) {
      console.warn(`The browser test is skipped: there is no ${CHROMIUM}`);
      return;
    }
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  });
  beforeEach((context) => {
    if (browser === null) context.skip(`there is no ${CHROMIUM}`);
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.close()));
  });
  afterAll(() => browser?.close());

  return async ({ width = 1280, colorScheme = 'light' } = {}) => {
    if (browser === null) throw new Error('a page is opened only within a test');
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    pages.push(page);
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    return { page, requested, complaints };
  };
}
