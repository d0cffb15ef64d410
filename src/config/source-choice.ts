/** The source that was chosen by name or by file: read, checked, and its references to secrets resolved. */
import { readFileSync } from 'node:fs';
import { noteText } from '../source/file/file-note.js';
import { loadSource } from '../source/file/load-source.js';
import { type Reference, referenceText, resolveSecrets } from '../source/file/secrets.js';
import type { SourcePlan } from '../source/plan.js';
import type { ConfigFault } from './config.js';
import type { Environment } from './environment.js';
import { findSourceFile } from './source-files.js';

export interface ChosenSource {
  readonly type: 'chosen';
  /** Its references resolved: holds secrets. */
  readonly plan: SourcePlan;
  /** Streams to copy, in the order of the file. */
  readonly streams: readonly [string, ...string[]];
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

export type SourceChoice =
  | ChosenSource
  | { readonly type: 'faulty'; readonly faults: readonly ConfigFault[] };

export interface SourceWish {
  /** Name or file. */
  readonly source: string;
  /** Resources by name; none: all that the file selects. */
  readonly resources: readonly string[];
  readonly environment: Environment;
  /** Nothing is asked of the API: secrets may be missing. */
  readonly readsOnly: boolean;
  /** In place of the file's base URL; null: as it stands there. */
  readonly baseUrl: string | null;
}

export function chooseSource(wish: SourceWish): SourceChoice {
  const found = findSourceFile(wish.source);
  if (found.type === 'none') return faulty(found.message);
  const { text } = found;
  const { path, name } = found.file;
  const loaded = loadSource(text, { name });
  const notesOf = (notes: typeof loaded.warnings): string[] =>
    notes.map((note) => noteText(path, note));
  if (loaded.type === 'faulty') {
    return faulty(`cannot be used:\n    ${notesOf(loaded.faults).join('\n    ')}`);
  }
  const based = wish.baseUrl === null ? loaded.plan : { ...loaded.plan, baseUrl: wish.baseUrl };
  const resolved = resolveSecrets(
    based,
    (reference) => lookUpReference(reference, wish.environment) ?? (wish.readsOnly ? '' : null),
  );
  if (resolved.type === 'missing') return faulty(missingText(path, resolved.references));
  if (resolved.type === 'unusable') return faulty(`${path}: ${resolved.message}`);
  const chosen = chooseStreams(resolved.plan, wish.resources);
  if ('fault' in chosen) return faulty(chosen.fault);
  const { plan, secrets } = resolved;
  const warnings = notesOf(loaded.warnings);
  return { type: 'chosen', plan, streams: chosen.streams, secrets, warnings };
}

/** What a reference stands for; null: it is not there. */
export function lookUpReference(reference: Reference, environment: Environment): string | null {
  const value =
    reference.kind === 'variable' ? environment[reference.name] : readSecret(reference.path);
  return value ?? null;
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
  const names = streams.map(({ name }) => name);
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
