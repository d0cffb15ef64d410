/** The default source, as an ingestion compiles it. */
import { fileURLToPath } from 'node:url';
import { readSource } from '../src/config/read-source.js';
import { sourceOf } from '../src/source/registry.js';
import type { EventSource } from '../src/source/source.js';
import { BenchError } from './bench-error.js';

const FILE = fileURLToPath(new URL('../../sources/datasync.yaml', import.meta.url));

export const datasync: EventSource = await compiled();

async function compiled(): Promise<EventSource> {
  const read = await readSource(FILE);
  if (read.type === 'none' || read.loaded.type === 'faulty') throw new BenchError(`${FILE} is bad`);
  const { plan } = read.loaded;
  const source = sourceOf({ plan, stream: 'events', nowMs: 0, secrets: [] });
  if (source.codec === null) throw new BenchError(`${FILE} names no codec`);
  return source;
}
