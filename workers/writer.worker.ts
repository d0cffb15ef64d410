/** Entry of the writer thread: its calls are comlink's, and the buffers of a page go back with the answer. */
import { parentPort } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { assert } from '../src/core/fault.js';
import type { WriterCalls } from '../src/protocol/writer-messages.js';
import { createWriter } from './writer/writer.js';

assert(parentPort !== null, 'the writer runs as a worker thread');
const writer = createWriter();

const calls: WriterCalls = {
  open: (settings, listener) => writer.open(settings, listener),
  async write(page) {
    const result = await writer.write(page);
    const { body, columns } = result.type === 'committed' ? result.buffers : result.batch;
    return transfer(result, [body, columns]);
  },
  retry: (page) => writer.retry(page),
  drain: () => writer.drain(),
};

expose(calls, nodeEndpoint(parentPort));
