import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { PageOptions, WatchedPage } from './browser.js';
import type { IngestProcess } from './ingest-process.js';
import { REPOSITORY } from './repository.js';

export const SCREENSHOTS = join(REPOSITORY, 'reports', 'screenshots');
export const DEADLINE_MS = 30_000;

/** The text of a figure. */
export function figure(page: Page, name: string): Promise<string> {
  return page.locator(`[data-field="${name}"]`).first().innerText();
}

export async function untilFigure(page: Page, name: string, text: string | RegExp): Promise<void> {
  const shown = page.locator(`[data-field="${name}"]`).filter({ hasText: text });
  await shown.first().waitFor({ timeout: DEADLINE_MS });
}

export async function untilLink(page: Page, state: string): Promise<void> {
  await page.locator(`#link[data-link="${state}"]`).waitFor({ timeout: DEADLINE_MS });
}

type Watch = (
  child: IngestProcess,
  options?: PageOptions,
  listening?: Promise<Record<string, unknown>>,
) => Promise<WatchedPage>;

/** @returns opens the dashboard of a process, and rejects where that ends before the page is open */
export function watchWith(openPage: (options?: PageOptions) => Promise<WatchedPage>): Watch {
  return async (child, options = {}, listening = child.untilLog('http_listening')) => {
    const { url } = await listening;
    const watched = await openPage(options);
    const ended = child.exited.then(({ stderr }) => {
      throw new Error(`the program ended before its page was open:\n${stderr.slice(-2_000)}`);
    });
    const opened = watched.page.goto(String(url)).then(() => untilLink(watched.page, 'live'));
    await Promise.race([opened, ended]);
    return watched;
  };
}
