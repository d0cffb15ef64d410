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

/** Long, of letters and digits, and not made to be read. */
const TOKEN_LIKE = /^(?=.*\d)(?=.*[a-z])[\w.~+/=-]{12,}$/i;
/** Words and numbers with separators between them, such as names, dates and addresses. */
const READABLE = /^(?:[a-z]+|\d{1,4})(?:[-_./](?:[a-z]+|\d{1,4}))*$/i;
const DATE = /^\d{4}-\d{2}-\d{2}[T ]/;

/** Whether the value of a variable may be a secret, whatever its name: a key may be called anything. */
export function maybeSecret(value: string): boolean {
  return TOKEN_LIKE.test(value) && !READABLE.test(value) && !DATE.test(value);
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
