/** A source file as it was checked: by itself, and against its API. */
import { type SurveyedSource, surveyNotes } from '../../config/source-survey.js';
import { assert } from '../../core/fault.js';
import type { SessionContext } from '../context.js';
import { checkStream, type StreamCheck } from './check-stream.js';
import { streamText, surveyText } from './check-text.js';

/** Plain data for `--json`. */
export interface SourceCheck {
  readonly source: string;
  readonly path: string;
  /** With file, line and field. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  readonly needs: SurveyedSource['needs'];
  /** In the order of the file; none: the API was not asked. */
  readonly resources: readonly StreamCheck[];
}

/**
 * `unusable`: the file has faults; `unset`: variables are missing; `refused`: the credentials are;
 * `failed`: the answers do not fit the file, or none came.
 */
export type CheckVerdict = 'well' | 'unusable' | 'unset' | 'refused' | 'failed';

export function checkFile(source: SurveyedSource): SourceCheck {
  const { name, path, needs } = source;
  return { source: name, path, ...surveyNotes(source), needs, resources: [] };
}

/** One stream after the other. @param context of the source; its `config.streams` are checked */
export async function checkStreams(context: SessionContext): Promise<StreamCheck[]> {
  const { config } = context;
  const { plan } = config.target;
  const checks: StreamCheck[] = [];
  for (const name of config.streams) {
    const stream = plan.streams.find((one) => one.name === name);
    assert(stream !== undefined, 'the streams were chosen from the plan');
    checks.push(await checkStream({ ...context, config: { ...config, stream: name } }, stream));
  }
  return checks;
}

/** @param asks the API was to be asked, for which its variables are needed */
export function verdictOf({ faults, needs, resources }: SourceCheck, asks: boolean): CheckVerdict {
  if (faults.length > 0) return 'unusable';
  if (asks && needs.some(({ isSet }) => !isSet)) return 'unset';
  if (resources.some(({ fault }) => fault === 'CREDENTIALS')) return 'refused';
  return resources.some((resource) => resource.faults.length > 0) ? 'failed' : 'well';
}

/** One sentence. */
export function verdictText(verdict: CheckVerdict, check: SourceCheck): string {
  const { source, faults, needs, resources } = check;
  const missing = needs.filter(({ isSet }) => !isSet).map(({ name }) => name);
  switch (verdict) {
    case 'well':
      return resources.length > 0
        ? `${source} can be ingested`
        : `the file of ${source} can be used`;
    case 'unusable':
      return faults.join('; ');
    case 'unset':
      return `the API was not asked: set ${missing.join(', ')} in the environment or in .env`;
    case 'refused':
    case 'failed':
      return resources
        .flatMap((one) => one.faults.map((text) => `${source}.${one.resource}: ${text}`))
        .join('; ');
  }
}

export function checkText(survey: SurveyedSource, { source, resources }: SourceCheck): string {
  return [surveyText(survey), ...resources.map((one) => streamText(source, one))].join('\n\n');
}
