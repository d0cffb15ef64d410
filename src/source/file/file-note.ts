/** What is said about a source file: which field on which line, what is wrong with it, what to do. */

/** Names of fields and indexes of lists, from the top of the file. */
export type FieldPath = readonly (string | number)[];

export interface FileNote {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** As `resources[0].endpoint.path`; empty: the file as a whole. */
  readonly field: string;
  /** What is wrong, and what to do where that needs more than a name. No secret, no value. */
  readonly message: string;
  /** What was probably meant, or what to write instead; null: the message says it all. */
  readonly suggestion: string | null;
}

/** Finds the place of a field in the text; of one that is not there, that of the nearest around it. */
export type Locate = (path: FieldPath) => { readonly line: number; readonly column: number };

const PLAIN_NAME = /^[\w-]+$/;
const NAME_CHARS_MAX = 60;

/** One line for a person, such as `github.yaml:12: client.hosts: unknown field; did you mean headers?` */
export function noteText(fileName: string, note: FileNote): string {
  const field = note.field === '' ? '' : ` ${note.field}:`;
  const suggestion = note.suggestion === null ? '' : `; ${note.suggestion}`;
  return `${fileName}:${note.line}:${field} ${note.message}${suggestion}`;
}

export function fieldText(path: FieldPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = part.slice(0, NAME_CHARS_MAX);
      if (!PLAIN_NAME.test(name)) return `[${JSON.stringify(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

/** Collects the notes of one file, so that all faults are told at once. */
export class FileNotes {
  readonly #locate: Locate;
  readonly #faults: FileNote[] = [];
  readonly #warnings: FileNote[] = [];

  constructor(locate: Locate) {
    this.#locate = locate;
  }

  /** In the order of the file. */
  get faults(): readonly FileNote[] {
    return this.#faults.toSorted(byPlace);
  }

  get warnings(): readonly FileNote[] {
    return this.#warnings.toSorted(byPlace);
  }

  fault(path: FieldPath, message: string, suggestion: string | null = null): void {
    this.#add(this.#faults, path, message, suggestion);
  }

  warn(path: FieldPath, message: string, suggestion: string | null = null): void {
    this.#add(this.#warnings, path, message, suggestion);
  }

  /** A field of the defaults is read once for each resource, and is told of once. */
  #add(notes: FileNote[], path: FieldPath, message: string, suggestion: string | null): void {
    const field = fieldText(path);
    if (notes.some((note) => note.field === field && note.message === message)) return;
    notes.push({ ...this.#locate(path), field, message, suggestion });
  }
}

function byPlace(one: FileNote, other: FileNote): number {
  return one.line - other.line || one.column - other.column;
}
