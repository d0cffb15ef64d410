/** An exploration as it may be shown and kept: without the secrets of its source, under a name of its own. */
import type { Target } from '../../config/config.js';
import { type Exploration, explorationForm } from '../../explore/schema.js';
import { datasync } from '../../source/datasync.js';
import { runOriginOf } from '../open-source.js';
import { secretsOfTarget } from '../secrets.js';
import { withoutSecrets } from '../sources/shown-values.js';

/** What an exploration over this target is known by: another profile behaves otherwise. */
export function explorationOriginOf(target: Target): string {
  const origin = withoutSecrets(runOriginOf(target), secretsOfTarget(target));
  return target.kind !== 'simulator' ? origin : `${origin},profile=${target.profile}`;
}

/** An API may repeat what it was sent, in names of fields as well. */
export function withoutSecretsOf(target: Target, exploration: Exploration): Exploration {
  const named = { ...exploration, origin: explorationOriginOf(target) };
  const text = withoutSecrets(JSON.stringify(named), secretsOfTarget(target));
  return explorationForm.parse(JSON.parse(text));
}

/** Each stream of a source has files of its own. @param format of its end */
export function explorationFile(
  { source, stream }: Pick<Exploration, 'source' | 'stream'>,
  format: 'json' | 'md' = 'json',
): string {
  const of = source === datasync.name ? '' : `${source}.${stream}.`;
  return `${of}exploration.${format}`;
}
