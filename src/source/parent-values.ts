/**
 * The request of a child: that of its stream, with the values of one parent where the file has their marks.
 * The texts are taken apart once, and put together for each page.
 */
import { valueText } from '../paging/child-cursor.js';
import type { Json, ParentField, StreamPlan } from './plan.js';

/** The parent's values by their paths, as `parseExact` has them. */
export type ParentValues = Readonly<Record<string, unknown>>;

/** What a request has of its stream. */
export interface StreamParts {
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** May hold a `NumberText`. */
  readonly json: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

type Fill = (values: ParentValues) => unknown;
type FillText = (values: ParentValues) => string;

/** No header can hold other characters. */
const HEADER_TEXT = /^[\t\x20-\x7e]*$/;

/** @returns fills the marks; without values they stay as they are */
export function streamParts(stream: StreamPlan): (values?: ParentValues) => StreamParts {
  const { path, params, json, headers, parent } = stream;
  const unfilled = { path, params, json, headers };
  if (parent === null) return () => unfilled;
  const { fields } = parent;
  const fillPath = fillText(path, fields, encodeURIComponent);
  const fillParams = Object.entries(params).map(
    ([name, value]) => [name, fillJson(value, fields)] as const,
  );
  const fillBody = fillJson(json, fields);
  const fillHeaders = Object.entries(headers).map(
    ([name, value]) => [name, fillText(value, fields, headerText)] as const,
  );
  return (values) =>
    values === undefined
      ? unfilled
      : {
          path: fillPath(values),
          params: named(fillParams, values),
          json: fillBody(values),
          headers: named(fillHeaders, values),
        };
}

function named<Filled>(
  fills: readonly (readonly [string, (values: ParentValues) => Filled])[],
  values: ParentValues,
): Record<string, Filled> {
  return Object.fromEntries(fills.map(([name, fill]) => [name, fill(values)]));
}

function headerText(text: string): string {
  return HEADER_TEXT.test(text) ? text : encodeURIComponent(text);
}

function fillJson(json: Json, fields: readonly ParentField[]): Fill {
  if (typeof json === 'string') {
    // A mark that is the whole text keeps the kind of its value.
    const whole = fields.find(({ mark }) => mark === json);
    return whole === undefined
      ? fillText(json, fields, (text) => text)
      : (values) => values[whole.path];
  }
  if (typeof json !== 'object' || json === null) return () => json;
  if (isList(json)) {
    const fills = json.map((inner) => fillJson(inner, fields));
    return (values) => fills.map((fill) => fill(values));
  }
  const fills = Object.entries(json).map(
    ([name, inner]) => [name, fillJson(inner, fields)] as const,
  );
  return (values) => named(fills, values);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** @param form of a value in that place */
function fillText(
  text: string,
  fields: readonly ParentField[],
  form: (text: string) => string,
): FillText {
  type Part = string | ParentField;
  const parts = fields.reduce<readonly Part[]>(
    (before, field) =>
      before.flatMap((part) => (typeof part === 'string' ? splitAt(part, field) : [part])),
    [text],
  );
  return (values) =>
    parts
      .map((part) => (typeof part === 'string' ? part : form(valueText(values[part.path]))))
      .join('');
}

function splitAt(text: string, field: ParentField): (string | ParentField)[] {
  return text.split(field.mark).flatMap((part, index) => (index === 0 ? [part] : [field, part]));
}
