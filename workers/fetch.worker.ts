/** Entry of a fetch worker thread (Piscina): one call for each page. */
import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { buffersOf as batchBuffers } from '../src/protocol/batch.js';
import {
  asBatchNews,
  type FetchWorkerData,
  type PageResult,
  type PageTask,
} from '../src/protocol/fetch-messages.js';
import { isOutOfMemory, outOfMemory } from '../src/source/network-fault.js';
import { type SourceSpec, sourceOf } from '../src/source/registry.js';
import { httpClientOver } from './fetch/http-client.js';
import { openWays } from './fetch/origins.js';
import { fetchPage, type PageFetcherParts } from './fetch/page-fetcher.js';
import { ENDLESS_ROOM, ReceiveBudget } from './fetch/receive-budget.js';
import { ScanTurn } from './fetch/scan-turn.js';

const { settings, newsChannel, ...given } = workerData as FetchWorkerData<SourceSpec>;
const ways = await openWays(settings);
/** Of each stream that a page was asked of. */
const streams = new Map<string, Pick<PageFetcherParts, 'source' | 'client'>>();
const budget = new ReceiveBudget(settings.receiveBytesMax);
const scanTurn = new ScanTurn();

new BroadcastChannel(newsChannel).onmessage = (event) => {
  const { type, taskId } = asBatchNews(event.data);
  if (type === 'held') budget.held(taskId);
  else budget.close(taskId);
};

/** Fetches one page. The buffers of the result are moved to main, not copied. */
// biome-ignore lint/style/noDefaultExport: Piscina calls the default export of a worker file.
export default async function fetchTask(task: PageTask): Promise<unknown> {
  scanTurn.taskCame();
  const result = await resultOf(task);
  if (result.type === 'page' && result.batch !== null) budget.received(task.taskId);
  else budget.close(task.taskId);
  return move({ [transferableSymbol]: buffersOf(result), [valueSymbol]: result });
}

async function resultOf(task: PageTask): Promise<PageResult> {
  try {
    return await fetchPage(task, {
      ...streamOf(task),
      baseUrl: settings.baseUrl,
      // A refresh keeps a cursor alive while the database is away, and the budget spent.
      room: task.isHeadOnly ? ENDLESS_ROOM : budget.open(task.taskId),
      postHead: (head) => parentPort?.postMessage(head),
      scanTurn: () => scanTurn.wait(),
    });
  } catch (bug) {
    return bugIn(task, bug);
  }
}

function streamOf({ of = { stream: given.source.stream } }: PageTask) {
  const known = streams.get(of.stream);
  if (known !== undefined) return known;
  const source = sourceOf({ ...given.source, ...of });
  const opened = { source, client: httpClientOver(ways, settings, source) };
  streams.set(of.stream, opened);
  return opened;
}

function buffersOf(result: PageResult): ArrayBuffer[] {
  if (result.type === 'page' && result.batch !== null) return batchBuffers(result.batch);
  return result.buffers === null ? [] : [result.buffers.body, result.buffers.columns];
}

/** A bug costs its page, which is asked for again, and not the other pages of the thread. */
function bugIn({ taskId }: PageTask, bug: unknown): PageResult {
  if (isOutOfMemory(bug)) {
    return { type: 'fault', taskId, fault: outOfMemory(), meta: null, buffers: null };
  }
  const reason = bug instanceof Error ? bug.message : String(bug);
  const message = `a bug in the fetch worker: ${reason}`;
  const fault = { code: 'WORKER_DIED', message, retryable: true } as const;
  return { type: 'fault', taskId, fault, meta: null, buffers: null };
}
