/** The sources that a name finds, in words: what each copies, what has to be set, where its file is. */
import type { SurveyedSource } from '../../config/source-survey.js';

/** Plain data for `--json`. */
export interface ListedSource {
  readonly name: string;
  readonly path: string;
  readonly isShipped: boolean;
  readonly resources: readonly string[];
  /** Variables, and files as `file:PATH`. */
  readonly needs: SurveyedSource['needs'];
  /** Faults of the file; none: it can be used. */
  readonly faultCount: number;
}

export function listedSource({
  name,
  path,
  isShipped,
  loaded,
  needs,
}: SurveyedSource): ListedSource {
  const isLoaded = loaded.type === 'loaded';
  return {
    ...{ name, path, isShipped, needs },
    resources: isLoaded ? loaded.plan.streams.map((stream) => stream.name) : [],
    faultCount: isLoaded ? 0 : loaded.faults.length,
  };
}

export function listText(sources: readonly ListedSource[]): string {
  if (sources.length === 0) return 'There is no source file: `datasync source init URL` makes one.';
  return sources.map(textOf).join('\n');
}

function textOf({ name, path, isShipped, resources, needs, faultCount }: ListedSource): string {
  const faults = `${faultCount} fault${faultCount === 1 ? '' : 's'}`;
  const copies =
    faultCount === 0
      ? resources.join(', ')
      : `${faults}: \`datasync source check ${name}\` tells them`;
  const wants = needs.map((need) => `${need.name}${need.isSet ? ' (set)' : ''}`);
  return [
    name,
    `  ${faultCount === 0 ? 'resources' : 'unusable '}  ${copies}`,
    ...(wants.length === 0 ? [] : [`  needs      ${wants.join(', ')}`]),
    `  file       ${path}${isShipped ? ' (comes with the program)' : ''}`,
  ].join('\n');
}
