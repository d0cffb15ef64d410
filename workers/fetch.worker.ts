/**
 * Entry of a fetch worker thread (Piscina). Its settings come as `workerData`; its one task is to
 * serve a port, over which pages are asked for and answered.
 */
import { type MessagePort, workerData } from 'node:worker_threads';
import { buffersOf as batchBuffers } from '../src/protocol/batch.js';
import type {
  FetchMessage,
  FetchRequest,
  FetchWorkerSettings,
  PageResult,
  PageTask,
} from '../src/protocol/fetch-messages.js';
import { isOutOfMemory, outOfMemory } from '../src/source/network-fault.js';
import { sourceNamed } from '../src/source/registry.js';
import { createHttpClient } from './fetch/http-client.js';
import { fetchPage } from './fetch/page-fetcher.js';
import { ENDLESS_ROOM, ReceiveBudget } from './fetch/receive-budget.js';
import { ScanTurn } from './fetch/scan-turn.js';

const settings = workerData as FetchWorkerSettings;
const source = sourceNamed(settings.source);
const client = await createHttpClient(settings, source);
const budget = new ReceiveBudget(settings.receiveBytesMax);
const scanTurn = new ScanTurn();

/** Serves the port until its other side closes. */
// biome-ignore lint/style/noDefaultExport: Piscina calls the default export of a worker file.
export default async function serve({ port }: { readonly port: MessagePort }): Promise<void> {
  port.on('message', (request: FetchRequest) => {
    switch (request.type) {
      case 'fetch':
        return void answer(request.task, port);
      case 'held':
        return budget.held(request.taskId);
      case 'released':
        return budget.close(request.taskId);
    }
  });
  await new Promise((resolve) => port.once('close', resolve));
}

/** Fetches one page. The buffers of the result are moved to main, not copied. */
async function answer(task: PageTask, port: MessagePort): Promise<void> {
  const post = (message: FetchMessage, moved: ArrayBuffer[]): void => {
    port.postMessage(message, moved);
  };
  scanTurn.taskCame();
  try {
    const result = await fetchPage(task, {
      client,
      // A refresh keeps a cursor alive while the database is away, and the budget spent.
      room: task.isHeadOnly ? ENDLESS_ROOM : budget.open(task.taskId),
      source,
      postHead: (head) => post(head, []),
      scanTurn: () => scanTurn.wait(),
    });
    if (result.type === 'page' && result.batch !== null) budget.received(task.taskId);
    else budget.close(task.taskId);
    post(result, buffersOf(result));
  } catch (bug) {
    budget.close(task.taskId);
    post(bugIn(task, bug), []);
  }
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
