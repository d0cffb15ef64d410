/** The source that was chosen by name or by file, with its references to secrets resolved. */
import { readFileSync } from 'node:fs';
import { noteText } from '../source/file/file-note.js';
import { referenceName } from '../source/file/references.js';
import { type Reference, referenceText, resolveSecrets } from '../source/file/secrets.js';
import type { SourcePlan } from '../source/plan.js';
import { codecOf } from '../source/registry.js';
import { streamLayers } from '../source/stream-order.js';
import type { ConfigFault } from './config.js';
import type { Environment } from './environment.js';
import { usableKey } from './placeholders.js';
import type { ReadSource } from './read-source.js';
import { apiUrl } from './setting-kinds.js';
import { DEFAULT_SOURCE } from './source-files.js';

export interface ChosenSource {
  readonly type: 'chosen';
  /** Its references resolved: holds secrets. */
  readonly plan: SourcePlan;
  /** Names of what nothing is set for, which is empty in the plan. */
  readonly missing: readonly string[];
  /** A simulator takes the place of its API where that is not named, by its key or its address. */
  readonly isStoodInFor: boolean;
  /** Streams to copy: parents first, else in the order of the file. */
  readonly streams: readonly [string, ...string[]];
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

export type SourceChoice =
  | ChosenSource
  | { readonly type: 'faulty'; readonly faults: readonly ConfigFault[] };

export interface SourceWish {
  /** Resources by name; none: all that the file selects. */
  readonly resources: readonly string[];
  readonly environment: Environment;
  /** Nothing is asked of the API: secrets may be missing. */
  readonly isUnasked: boolean;
}

export function chooseSource(
  { file, loaded, isAsShipped }: ReadSource,
  { resources, environment, isUnasked }: SourceWish,
): SourceChoice {
  const { path } = file;
  const notesOf = (notes: typeof loaded.warnings): string[] =>
    notes.map((note) => noteText(path, note));
  if (loaded.type === 'faulty') {
    return faulty(`cannot be used:\n    ${notesOf(loaded.faults).join('\n    ')}`);
  }
  const based = basedOn(environment.API_BASE_URL, loaded.plan);
  // Whoever writes a file of their own has named an API in it.
  const isStoodInFor = isAsShipped && file.name === DEFAULT_SOURCE && codecOf(based) !== null;
  const missing: string[] = [];
  const resolved = resolveSecrets(based, (reference) => {
    const value = lookUpReference(reference, environment);
    if (value !== null) return value;
    missing.push(referenceName(reference));
    return isUnasked || isStoodInFor ? '' : null;
  });
  if (resolved.type === 'missing') return faulty(missingText(path, resolved.references));
  if (resolved.type === 'unusable') return faulty(`${path}: ${resolved.message}`);
  const chosen = chooseStreams(resolved.plan, resources);
  if ('fault' in chosen) return faulty(chosen.fault);
  return {
    ...{ type: 'chosen', isStoodInFor, missing, streams: chosen.streams },
    ...{ plan: resolved.plan, secrets: resolved.secrets, warnings: notesOf(loaded.warnings) },
  };
}

/** An address that is none is a fault of its setting. */
function basedOn(baseUrl: string | undefined, plan: SourcePlan): SourcePlan {
  return baseUrl !== undefined && apiUrl.safeParse(baseUrl).success ? { ...plan, baseUrl } : plan;
}

/** What a reference stands for; null: it is not there. */
export function lookUpReference(reference: Reference, environment: Environment): string | null {
  return reference.kind === 'variable'
    ? usableKey(environment[reference.name])
    : (readSecret(reference.path) ?? null);
}

function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function missingText(path: string, references: readonly Reference[]): string {
  const names = references.map(referenceText);
  return `${path} needs what is not set: ${names.join(', ')}. Set it in the environment or in .env`;
}

function chooseStreams(
  { streams }: SourcePlan,
  wanted: readonly string[],
): { readonly streams: readonly [string, ...string[]] } | { readonly fault: string } {
  const names = streamLayers(streams).flat();
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return { fault: `has no resource ${unknown}; it has ${names.join(', ')}` };
  }
  const [first, ...others] =
    wanted.length === 0 ? names : names.filter((name) => wanted.includes(name));
  return first === undefined ? { fault: 'selects no resource' } : { streams: [first, ...others] };
}

function faulty(message: string): SourceChoice {
  return { type: 'faulty', faults: [{ setting: 'SOURCE', message }] };
}
