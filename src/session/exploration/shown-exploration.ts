/** An exploration as it may be shown and kept: without the secrets of its source, under a name of its own. */
import type { Target } from '../../config/config.js';
import { DEFAULT_SOURCE } from '../../config/source-files.js';
import { type Exploration, explorationForm } from '../../explore/schema.js';
import { runOriginOf } from '../open-source.js';
import { withoutSecrets } from '../sources/shown-values.js';

/** What an exploration over this target is known by: another profile behaves otherwise. */
export function explorationOriginOf(target: Target): string {
  const origin = withoutSecrets(runOriginOf(target), target.secrets);
  return target.kind !== 'simulator' ? origin : `${origin},profile=${target.profile}`;
}

/** An API may repeat what it was sent, in names of fields as well. */
export function withoutSecretsOf(target: Target, exploration: Exploration): Exploration {
  const named = { ...exploration, origin: explorationOriginOf(target) };
  return explorationForm.parse(cleaned(named, target.secrets));
}

/** Texts alone: a number that has the digits of a secret says nothing of it. */
function cleaned(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return withoutSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((one) => cleaned(one, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(
    ([name, one]) => [name, cleaned(one, secrets)] as const,
  );
  return Object.fromEntries(members);
}

/** Each stream of a source has files of its own. @param format of its end */
export function explorationFile(
  { source, stream }: Pick<Exploration, 'source' | 'stream'>,
  format: 'json' | 'md' = 'json',
): string {
  const of = source === DEFAULT_SOURCE ? '' : `${source}.${stream}.`;
  return `${of}exploration.${format}`;
}
