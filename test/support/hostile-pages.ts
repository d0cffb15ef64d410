/** Arbitrary pages of values that are hostile to a byte scanner, written in several layouts. */
import fc from 'fast-check';
import { nestedEnvelope } from './sample-pages.js';

const hostileText = fc.string({
  unit: fc.constantFrom(
    ...['{', '}', '[', ']', '"', '\\', '/', ',', ':', ' ', '\n', '\t', '\u0001', 'u0000', '\u2028'],
    ...['a', 'id', 'é', '漢', '😀', '\ud800', '],"pagination":{', '},{"id":"', '"}]}', 'timestamp'],
  ),
  maxLength: 12,
});
const uuidText = fc
  .tuple(fc.uuid(), fc.boolean())
  .map(([id, isUpper]) => (isUpper ? id.toUpperCase() : id));
const instantMs = fc.integer({ min: 1_000_000_000_000, max: 1_999_999_999_999 });
const timestamp = fc.oneof(
  instantMs,
  instantMs.map((ms) => new Date(ms).toISOString()),
  instantMs.map((ms) => ms / 1000),
  instantMs.map(String),
  instantMs.map((ms) => new Date(ms).toISOString().replace('Z', '+02:30')),
  fc.constantFrom(null, true, '', 'soon', '2026-01-27T19:20:12', 12, [], {}),
);
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    hostileText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false, 0, -1),
    uuidText,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(hostileText, fc.constantFrom('id', 'timestamp', 'data')), tie('value'), {
      maxKeys: 3,
    }),
  ),
})).value;

type Field = readonly [key: string, value: unknown];

/** The fields of one record, in any order, sometimes without the two that matter or with odd ones. */
const recordFields: fc.Arbitrary<Field[]> = fc
  .tuple(
    fc.option(fc.oneof({ weight: 9, arbitrary: uuidText }, { weight: 1, arbitrary: anyValue }), {
      freq: 9,
      nil: undefined,
    }),
    fc.option(timestamp, { freq: 9, nil: undefined }),
    fc.array(fc.tuple(hostileText, anyValue), { maxLength: 4 }),
    fc.nat(),
  )
  .map(([id, time, others, turn]) => {
    const fields: Field[] = [...others];
    if (id !== undefined) fields.push(['id', id]);
    if (time !== undefined) fields.push(['timestamp', time]);
    const cut = turn % (fields.length + 1);
    return [...fields.slice(cut), ...fields.slice(0, cut)];
  });

/** A record as text: keys may occur twice and may be written with escapes. */
const recordText = fc
  .tuple(
    recordFields,
    fc.constantFrom('', ' ', '\n  '),
    fc.infiniteStream(fc.constantFrom('plain', 'plain', 'plain', 'escaped', 'twice')),
  )
  .map(([fields, space, styles]) => {
    const members = fields.flatMap(([key, value]) => {
      const style = styles.next().value;
      const keyText = style === 'escaped' ? escapedKey(key) : JSON.stringify(key);
      const valueText = `${space}:${space}${JSON.stringify(value, null, space)}`;
      const member = `${space}${keyText}${valueText}`;
      return style === 'twice' ? [`${space}${JSON.stringify(key)}:null`, member] : [member];
    });
    return `{${members.join(`${space},`)}${space}}`;
  });
/** One element of a page's records array, mostly a record. */
export const elementText = fc.oneof(
  { weight: 12, arbitrary: recordText },
  { weight: 1, arbitrary: anyValue.map((value) => JSON.stringify(value)) },
);

/** Every character of the key as \uXXXX. */
function escapedKey(key: string): string {
  const units = Array.from({ length: key.length }, (_, at) => key.charCodeAt(at));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}

/** `\\u0000` among text that may look like it, as a key or a value, at some depth. */
export const nulMember = fc
  .tuple(hostileText, hostileText, fc.constantFrom('key', 'value', 'deep'))
  .map(([before, after, place]) => {
    const text = JSON.stringify(`${before}\0${after}`);
    if (place === 'key') return `${text}:0`;
    return place === 'value' ? `"n":${text}` : `"n":[{"m":${text}}]`;
  });

export type Shape = 'nested' | 'flat' | 'envelope first';

/** The page around the elements; its envelope tells their count. */
export function pageText(elements: readonly string[], shape: Shape, space: string): string {
  const records = `"data"${space}:${space}[${space}${elements.join(`${space},${space}`)}${space}]`;
  const nested = JSON.stringify(nestedEnvelope(elements.length), null, space).trim().slice(1, -1);
  switch (shape) {
    case 'nested':
      return `${space}{${records},${nested}}${space}`;
    case 'envelope first':
      return `{${space}${nested},${space}${records}}`;
    case 'flat':
      return `{${records}${space},"links":["a]"],"hasMore":true,"nextCursor":"]}"${space}}`;
  }
}

/** A whole page. */
export const page = fc
  .tuple(
    fc.array(elementText, { maxLength: 6 }),
    fc.constantFrom<Shape>('nested', 'flat', 'envelope first'),
    fc.constantFrom('', ' ', '\n\t'),
  )
  .map(([elements, shape, space]) => pageText(elements, shape, space));
