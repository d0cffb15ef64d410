/** What a sample of records looks like: the fields that they have, and of which kinds their values are. */

/** `instant`: text of an ISO form. `map`: an object with so many names that they are data. */
export const FIELD_KINDS = [
  ...(['null', 'bool', 'integer', 'decimal', 'text'] as const),
  ...(['instant', 'object', 'map', 'list'] as const),
] as const;

export type FieldKind = (typeof FIELD_KINDS)[number];

export interface FieldFacts {
  /** `user.name`, `lines[].price`; the record itself is `''`. A name of other characters is quoted. */
  readonly path: string;
  /** The path of the object or list that holds it; null: it is the record itself. */
  readonly parent: string | null;
  /** How often it was of each kind. */
  readonly counts: Readonly<Partial<Record<FieldKind, number>>>;
}

export interface RecordFacts {
  /** Fields that lie deeper were not looked at; the record has depth 0. */
  readonly depth: number;
  /** A parent comes before what it holds. Empty: no record was looked at. */
  readonly fields: readonly FieldFacts[];
}

export const NO_FACTS: RecordFacts = { depth: 0, fields: [] };
