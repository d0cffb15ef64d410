/** What a source file holds, and which of the variables and secret files that it names are there. */
import { noteText } from '../source/file/file-note.js';
import { type LoadedSource, loadSource } from '../source/file/load-source.js';
import { referenceName } from '../source/file/references.js';
import { secretReferences } from '../source/file/secrets.js';
import type { Environment } from './environment.js';
import { lookUpReference } from './source-choice.js';
import {
  type FoundFile,
  findSourceFile,
  listSources,
  readSourceFile,
  type SourceFile,
} from './source-files.js';

export interface SurveyedSource extends SourceFile {
  readonly loaded: LoadedSource;
  /** In the order of the file; of one with faults nothing is known. */
  readonly needs: readonly Need[];
}

/** A variable, or `file:PATH`. */
export interface Need {
  readonly name: string;
  readonly isSet: boolean;
}

export type Survey =
  | ({ readonly type: 'surveyed' } & SurveyedSource)
  | { readonly type: 'none'; readonly message: string };

/** @param source name or file */
export function surveySource(source: string, environment: Environment): Survey {
  return surveyOf(findSourceFile(source), environment);
}

/** All that can be read, by name. */
export function surveySources(environment: Environment): readonly SurveyedSource[] {
  return listSources().flatMap((file) => {
    const survey = surveyOf(readSourceFile(file), environment);
    return survey.type === 'surveyed' ? [survey] : [];
  });
}

/** Faults, then warnings, a line each. */
export function surveyNotes({ path, loaded }: SurveyedSource) {
  const faults = loaded.type === 'faulty' ? loaded.faults : [];
  const textsOf = (notes: typeof loaded.warnings) => notes.map((note) => noteText(path, note));
  return { faults: textsOf(faults), warnings: textsOf(loaded.warnings) };
}

function surveyOf(found: FoundFile, environment: Environment): Survey {
  if (found.type === 'none') return found;
  const { file, text } = found;
  const loaded = loadSource(text, file);
  const references = loaded.type === 'loaded' ? secretReferences(loaded.plan) : [];
  const needs = references.map((reference) => ({
    name: referenceName(reference),
    isSet: lookUpReference(reference, environment) !== null,
  }));
  return { type: 'surveyed', ...file, loaded, needs };
}
