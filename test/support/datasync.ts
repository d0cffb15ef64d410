/** The default source as the program has it, and configurations over it. */
import { join } from 'node:path';
import type { ConfigResult, Flags } from '../../src/config/config.js';
import { configFrom } from '../../src/config/read-settings.js';
import { readSource } from '../../src/config/read-source.js';
import type { SourcePlan } from '../../src/source/plan.js';
import { type SourceSpec, sourceOf } from '../../src/source/registry.js';
import type { EventSource } from '../../src/source/source.js';
import { REPOSITORY } from './repository.js';

const read = await readSource(join(REPOSITORY, 'sources/datasync.yaml'));

/** Its references to secrets in place. */
export const datasyncPlan: SourcePlan = planOf();
export const DATASYNC_SPEC: SourceSpec = {
  ...{ plan: datasyncPlan, stream: 'events' },
  ...{ nowMs: 0, secrets: [] },
};
export const datasync: EventSource = eventSource();

/** Of every request. */
export function headersFor(apiKey: string): Record<string, string> {
  return { 'x-api-key': apiKey, accept: 'application/json' };
}

export function readConfig(
  environment: Readonly<Record<string, string>>,
  flags: Flags = {},
): ConfigResult {
  if (read.type === 'none') throw new Error(read.message);
  return configFrom(read, environment, flags);
}

function planOf(): SourcePlan {
  if (read.type === 'none' || read.loaded.type === 'faulty') throw new Error('it cannot be read');
  return read.loaded.plan;
}

function eventSource(): EventSource {
  const source = sourceOf(DATASYNC_SPEC);
  if (source.codec === null) throw new Error('it names no codec');
  return source;
}
