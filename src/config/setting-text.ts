/** What docs/configuration.md says of a setting, kept beside its schema (settings-page.ts writes it). */
import type * as z from 'zod/mini';

export interface SettingText {
  /** Plain sentences in Markdown. */
  readonly meaning: string;
  /** What applies while it is not set, where the schema has no default. */
  readonly unset?: string;
  /** What it takes, where the schema takes any text. */
  readonly takes?: string;
}

const texts = new WeakMap<z.core.$ZodType, SettingText>();

/** Each setting needs a schema of its own: a shared one would have the text of the last. */
export function setting<Schema extends z.core.$ZodType>(schema: Schema, text: SettingText): Schema {
  texts.set(schema, text);
  return schema;
}

export function textOf(schema: z.core.$ZodType): SettingText {
  const text = texts.get(schema);
  if (text === undefined) throw new Error('a setting without a text: declare it by setting()');
  return text;
}
