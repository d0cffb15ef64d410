/**
 * The writer thread: `WriterApi` over comlink on the parent's port. Buffers go back with the answer.
 */

import { parentPort } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { assert } from '../src/core/fault.js';
import type { WriterApi, WriterNotice } from '../src/protocol/writer-messages.js';
import { createWriter } from './writer/writer.js';

assert(parentPort !== null, 'the writer runs as a worker thread');
const port = parentPort;

const writer = createWriter((fault) => {
  port.postMessage({ type: 'waiting', fault } satisfies WriterNotice);
});

const api: WriterApi = {
  open: (settings) => writer.open(settings),
  async write(page) {
    const result = await writer.write(page);
    const { body, columns } = result.type === 'committed' ? result.buffers : result.batch;
    return transfer(result, [body, columns]);
  },
  drain: () => writer.drain(),
};

expose(api, nodeEndpoint(port));
