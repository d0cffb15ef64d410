/** The source files that a command is about, with the environment that their variables stand in. */
import { EnvFileError } from '../../config/env-file.js';
import { type Environment, readEnvironment } from '../../config/environment.js';
import { type SurveyedSource, surveySource, surveySources } from '../../config/source-survey.js';
import { UserError } from '../user-error.js';

/** @throws UserError when `.env` cannot be read */
export function environmentOfUser(): Environment {
  try {
    return readEnvironment('.env');
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    throw new UserError(`.env ${error.message}`, 'usage');
  }
}

/** @param named name or file @throws UserError when there is none */
export function findSource(named: string): SurveyedSource {
  const survey = surveySource(named, environmentOfUser());
  if (survey.type === 'none') throw new UserError(`SOURCE ${survey.message}`, 'usage');
  return survey;
}

export function findSources(): readonly SurveyedSource[] {
  return surveySources(environmentOfUser());
}
