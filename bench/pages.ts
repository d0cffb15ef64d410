/** The simulator's pages as bytes, for what is measured without a server. */
import { openPage, type ProvedPage, provePage } from '../workers/fetch/page.js';
import { BenchError } from './bench-error.js';
import { datasync } from './datasync.js';
import { type SimulatorProcess, startSimulatorProcess } from './processes.js';

/** A page: its bytes, and the same as columns. */
export interface ReadPage {
  readonly body: Buffer;
  readonly proved: ProvedPage;
}

/** Calls back with every page of an honest walk, one after the other. */
export async function forEachPage(
  walk: { readonly events: number; readonly limit: number },
  take: (page: ReadPage) => Promise<void> | void,
): Promise<void> {
  const simulator = await startSimulatorProcess({
    events: walk.events,
    'latency-ms': 0,
    'latency-jitter-ms': 0,
    'events-quota': 0,
  });
  try {
    let cursor: string | null = null;
    do {
      const page = await getPage(simulator, cursor, walk.limit);
      cursor = page.proved.envelope.nextCursor;
      await take(page);
    } while (cursor !== null);
  } finally {
    await simulator.stop();
  }
}

async function getPage(
  simulator: SimulatorProcess,
  cursor: string | null,
  limit: number,
): Promise<ReadPage> {
  const base = new URL(simulator.baseUrl);
  const url = new URL(datasync.pagePath(base.pathname, cursor, limit), base.origin);
  const response = await fetch(url, { headers: simulator.headers });
  const body = Buffer.from(await response.arrayBuffer());
  const proved = readPage(body);
  if (proved === null) throw new BenchError(`${url.pathname} gave no page: ${response.status}`);
  return { body, proved };
}

/** Scanner and envelope, as the fetch worker runs them. @returns null when it is no page */
export function readPage(body: Buffer, columns: ArrayBuffer | null = null): ProvedPage | null {
  const opened = openPage(body, datasync);
  if (opened.type === 'fault') return null;
  const proved = provePage(opened, datasync, columns);
  return proved.type === 'fault' ? null : proved;
}
