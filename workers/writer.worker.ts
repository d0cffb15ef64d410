/**
 * The writer thread: pages come and go over the port in `workerData`, `WriterControl` is comlink's on
 * the parent's port. Buffers go back with the answer.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { assert } from '../src/core/fault.js';
import type { WriterControl, WriterMessage, WriteTask } from '../src/protocol/writer-messages.js';
import { createWriter } from './writer/writer.js';

assert(parentPort !== null, 'the writer runs as a worker thread');
const pages = workerData as MessagePort;

const writer = createWriter({
  onWaiting: (fault) => post({ type: 'waiting', fault }, []),
  onConnections: (count, roundTripMs) => post({ type: 'connections', count, roundTripMs }, []),
});

function post(message: WriterMessage, moved: ArrayBuffer[]): void {
  pages.postMessage(message, moved);
}

async function write(task: WriteTask): Promise<void> {
  const { taskId } = task;
  const result = await writer.write(task);
  const { body, columns } = result.type === 'committed' ? result.buffers : result.batch;
  post({ type: 'written', taskId, result }, [body, columns]);
}

// A rejection is a bug: it ends the thread, and with it the run, which can be gone on with.
pages.on('message', (task: WriteTask) => void write(task));

const control: WriterControl = {
  open: (settings) => writer.open(settings),
  drain: () => writer.drain(),
};

expose(control, nodeEndpoint(parentPort));
