/** The faults of a file's shape, from the issues that zod finds. */
import type * as z from 'zod/mini';
import { nearestName } from '../resembling.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { refusal } from './special-fields.js';

type Issue = z.core.$ZodIssue;

/** Words for a type that may be meant, and that resemble no name here. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  next_url: 'json_link',
  link_header: 'header_link',
  page: 'page_number',
  oauth2_client: 'oauth2_client_credentials',
  basic: 'http_basic',
  token: 'bearer',
};

/** @param value the file as plain data */
export function noteShapeFaults(issues: readonly Issue[], value: unknown, notes: FileNotes): void {
  for (const issue of issues) noteIssue(issue, [], value, notes);
}

function noteIssue(issue: Issue, above: FieldPath, value: unknown, notes: FileNotes): void {
  const path = [...above, ...issue.path.map((part) => (typeof part === 'symbol' ? '' : part))];
  if (issue.code === 'unrecognized_keys') {
    // The names that the block has; see field-kinds.ts.
    const known = issue.message.split(' ');
    for (const name of issue.keys) noteUnknown([...path, name], name, known, notes);
    return;
  }
  if (issue.code === 'invalid_value') {
    notes.fault(path, issue.message, wordSuggestion(value, path, issue.values));
    return;
  }
  if (issue.code !== 'invalid_union') {
    notes.fault(path, issue.message);
    return;
  }
  if (issue.discriminator !== undefined && issue.inclusive !== false) {
    noteUnknownType(path, valueAt(value, path), issue.options ?? [], notes);
    return;
  }
  const meant = meantAlternative(issue.errors, valueAt(value, path));
  if (meant === null) notes.fault(path, issue.message);
  else for (const inner of meant) noteIssue(inner, path, value, notes);
}

/** The alternative whose kind the value has, so that what is told of is what is wrong inside it. */
function meantAlternative(alternatives: readonly Issue[][], value: unknown): Issue[] | null {
  const isOutside = ({ code, path }: Issue) =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
  const fitting = alternatives.find((issues) => !issues.some(isOutside));
  if (fitting !== undefined) return fitting;
  const isWord = typeof value === 'string';
  const words = alternatives.find((issues) => issues.some(({ code }) => code === 'invalid_value'));
  return isWord ? (words ?? null) : null;
}

function noteUnknown(
  path: FieldPath,
  name: string,
  known: readonly string[],
  notes: FileNotes,
): void {
  const refused = refusal(name, path.at(-2));
  if (refused !== null) {
    notes.fault(path, refused);
    return;
  }
  const near = nearestName(name, known);
  const suggestion = near === null ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
  notes.fault(path, 'unknown field', suggestion);
}

function noteUnknownType(
  path: FieldPath,
  type: unknown,
  options: readonly unknown[],
  notes: FileNotes,
): void {
  const words = options.filter((option) => typeof option === 'string');
  const message = `${type === undefined ? 'is missing; it takes' : 'takes'} one of ${words.join(', ')}`;
  notes.fault(path, message, nearWord(type, words));
}

function wordSuggestion(value: unknown, path: FieldPath, values: readonly unknown[]) {
  return nearWord(
    valueAt(value, path),
    values.filter((one) => typeof one === 'string'),
  );
}

function nearWord(given: unknown, words: readonly string[]): string | null {
  if (typeof given !== 'string') return null;
  const other = OTHER_WORDS[given];
  const near = other !== undefined && words.includes(other) ? other : nearestName(given, words);
  return near === null ? null : `did you mean ${near}?`;
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let inner = value;
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part))
      return undefined;
    inner = Reflect.get(inner, part);
  }
  return inner;
}
