/** Loads texts of source files for tests, and takes the answers apart. */

import { noteText } from '../../src/source/file/file-note.js';
import { type LoadedSource, loadSource } from '../../src/source/file/load-source.js';
import type { SourcePlan, StreamPlan } from '../../src/source/plan.js';

const CLIENT = 'client: { base_url: https://api.example.com }\n';

export function load(text: string, name = 'sample'): LoadedSource {
  return loadSource(text, { name });
}

/** @throws when the text has faults */
export function planOf(text: string, name = 'sample'): SourcePlan {
  const loaded = load(text, name);
  if (loaded.type === 'faulty') throw new Error(faultTexts(text, name).join('\n'));
  return loaded.plan;
}

export function faultTexts(text: string, name = 'sample'): string[] {
  const loaded = load(text, name);
  return loaded.type === 'faulty'
    ? loaded.faults.map((note) => noteText(`${name}.yaml`, note))
    : [];
}

export function warningTexts(text: string, name = 'sample'): string[] {
  return load(text, name).warnings.map((note) => noteText(`${name}.yaml`, note));
}

/** A file with one resource. @param resource its fields, as a YAML flow mapping without braces */
export function fileWith(resource: string, rest = ''): string {
  return `${CLIENT}resources: [{ ${resource} }]\n${rest}`;
}

/** The only stream of such a file. */
export function streamOf(resource: string, rest = ''): StreamPlan {
  const [stream] = planOf(fileWith(resource, rest)).streams;
  if (stream === undefined) throw new Error('no stream was planned');
  return stream;
}
