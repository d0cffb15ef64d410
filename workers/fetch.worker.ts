/**
 * Entry of a fetch worker thread (Piscina). Its settings come as `workerData`.
 *
 * The head of a page goes out through `parentPort`; Piscina hands it on as the pool's `message`
 * event. The result takes Piscina's own port. Nothing orders the two ports, so main may see a
 * result before its head.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { assert } from '../src/core/fault.js';
import type { FetchWorkerSettings, PageResult, PageTask } from '../src/protocol/fetch-messages.js';
import { sourceNamed } from '../src/source/registry.js';
import { createHttpClient } from './fetch/http-client.js';
import { fetchPage } from './fetch/page-fetcher.js';
import { ScanTurn } from './fetch/scan-turn.js';

const settings = workerData as FetchWorkerSettings;
const source = sourceNamed(settings.source);
const client = createHttpClient(settings, source);
const scanTurn = new ScanTurn();
const port = parentPort;
assert(port !== null, 'the fetch worker runs in a worker thread');

/** Fetches one page. The buffers of the result are moved to main, not copied. */
// biome-ignore lint/style/noDefaultExport: Piscina calls the default export of a worker file.
export default async function run(task: PageTask): Promise<ReturnType<typeof move>> {
  scanTurn.taskCame();
  const result = await fetchPage(task, {
    client,
    source,
    postHead: (head) => port?.postMessage(head),
    scanTurn: () => scanTurn.wait(),
  });
  return move({ [transferableSymbol]: buffersOf(result), [valueSymbol]: result });
}

function buffersOf(result: PageResult): ArrayBuffer[] {
  const held = result.type === 'page' ? (result.batch ?? result.buffers) : result.buffers;
  return held === null ? [] : [held.body, held.columns];
}
