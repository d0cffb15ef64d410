/** Which headers, parameters, fields and variables hold a secret: by their names, else by what they hold. */
import type { Json } from '../plan.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { hasReference, variable } from './references.js';

const SECRET =
  /auth|cookie|credential|passw|secret|signature|token|(?:api|access|private|app|subscription)[-_]?key|^key$/i;
/** Tokens that name a page, and words that only resemble. */
const OTHER =
  /author(?!i[sz])|(?:page|next|start|continuation|sync|cursor)[-_]?token|max[-_]?tokens/i;

export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !OTHER.test(name);
}

/** Whether a variable of the environment holds a secret, by its name. */
export function isSecretVariable(name: string): boolean {
  return isSecretName(name) || /_key$/i.test(name);
}

const LIKELY_CHARS_MIN = 8;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const DATE = /^\d{4}-\d{2}(?:-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?)?$/;

/** Whether the value of a variable may be a secret, whatever its name: a key may be called anything. */
export function maybeSecret(value: string): boolean {
  if (value.length < LIKELY_CHARS_MIN) return false;
  return !NUMBER.test(value) && !DATE.test(value) && !/^https?:\/\//i.test(value);
}

/** Warns of a value that should be a reference. */
export function warnOfSecret(name: string, value: Json, at: FieldPath, notes: FileNotes): void {
  if (typeof value !== 'string' || value === '' || hasReference(value)) return;
  if (!isSecretName(name)) return;
  notes.warn(
    at,
    'a secret is written into the file',
    `write ${variable('NAME')}, and set the variable NAME`,
  );
}
