/**
 * Entry of the writer thread: its calls are comlink's, and the buffers of a page go back with the answer. Each
 * run has a writer of its own.
 */
import { parentPort } from 'node:worker_threads';
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { assert } from '../src/core/fault.js';
import { NO_FACTS } from '../src/protocol/record-facts.js';
import type { StreamWriter, WriterCalls } from '../src/protocol/writer-messages.js';
import { createWriter } from './writer/writer.js';

assert(parentPort !== null, 'the writer runs as a worker thread');
const writers = new Map<number, StreamWriter>();

const calls: WriterCalls = {
  async open(number, settings, listener) {
    const writer = createWriter();
    writers.set(number, writer);
    return writer.open(settings, listener);
  },
  async write(number, page) {
    const result = await writerOf(number).write(page);
    const { body, columns } = result.type === 'committed' ? result.buffers : result.batch;
    return transfer(result, [body, columns]);
  },
  async retry(number, page) {
    return writerOf(number).retry(page);
  },
  async drain(number) {
    const writer = writers.get(number);
    writers.delete(number);
    return writer?.drain() ?? NO_FACTS;
  },
};

function writerOf(number: number): StreamWriter {
  const writer = writers.get(number);
  assert(writer !== undefined, 'pages are written between open and drain');
  return writer;
}

expose(calls, nodeEndpoint(parentPort));
