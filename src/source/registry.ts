/** All sources by name. */
import { datasync } from './datasync.js';
import type { Source } from './source.js';

export const SOURCES: Readonly<Record<string, Source>> = { datasync };

/** @throws when no source has that name: the name comes from our own configuration. */
export function sourceNamed(name: string): Source {
  const source = SOURCES[name];
  if (source === undefined) throw new Error(`no source named ${name}`);
  return source;
}
