/**
 * What is wrong with single values wherever they stand: references to secrets in the form of another
 * program or where none is resolved, and numbers that lose digits.
 */
import type { FieldPath, FileNotes } from './file-note.js';
import { hasBrokenReference, hasReference, variable } from './references.js';
import { isForeignBlock } from './source-shape.js';

const DLT_SECRET = /\bdlt\s*\.\s*(?:secrets|config)\b/;
const BRACES_SECRET = /\{\{\s*[\w.]+\s*\}\}/;
const WRITE_REFERENCE = `write ${variable('NAME')} for a variable, or ${variable('file:/run/secrets/NAME')} for a file`;
const ENDPOINT_FIELDS = new Set<unknown>(['path', 'params', 'json', 'headers', 'incremental']);
const CLIENT_FIELDS = new Set<unknown>(['base_url', 'headers', 'auth']);

/** @param value the file as plain data, of bounded depth */
export function checkTexts(value: unknown, notes: FileNotes, path: FieldPath = []): void {
  if (typeof value === 'string') checkText(value, path, notes);
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    notes.fault(path, 'a whole number of this length loses digits; put it in quotes');
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (path.length === 0 && isForeignBlock(name)) continue;
    // Copies of an object leave it out, and the fault with it.
    if (name === '__proto__') notes.fault([...path, name], 'is no name of a field');
    checkTexts(inner, notes, [...path, Array.isArray(value) ? Number(name) : name]);
  }
}

function checkText(text: string, path: FieldPath, notes: FileNotes): void {
  if (DLT_SECRET.test(text)) {
    notes.fault(path, 'a secret in the form of dlt is not read here', WRITE_REFERENCE);
    return;
  }
  if (isAboutWho(path) && BRACES_SECRET.test(text)) {
    notes.fault(path, 'a secret in double braces is not read here', WRITE_REFERENCE);
    return;
  }
  if (hasBrokenReference(text)) {
    notes.fault(
      path,
      'what begins with a dollar sign and a brace is no reference',
      WRITE_REFERENCE,
    );
    return;
  }
  if (hasReference(text) && !isResolved(path)) {
    notes.fault(path, 'a reference is not resolved in this field; write the value');
  }
}

function isAboutWho(path: FieldPath): boolean {
  return path.includes('auth') || path.includes('headers');
}

function isResolved(path: FieldPath): boolean {
  const [top, second, third, fourth] = path;
  if (top === 'client') return CLIENT_FIELDS.has(second);
  if (top === 'resource_defaults') return second === 'endpoint' && ENDPOINT_FIELDS.has(third);
  if (top !== 'resources' || third !== 'endpoint') return false;
  return path.length === 3 || ENDPOINT_FIELDS.has(fourth);
}
