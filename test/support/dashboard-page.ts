/** The dashboard of a program, opened in a browser. */
import { createServer } from 'node:net';
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

/** A port that stays the same over restarts, so that the page finds the program again. */
export async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
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
