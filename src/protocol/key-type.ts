/** The type of a key's column in a table that is made from the first records. */
import type { RecordPath } from './record-target.js';

const BIGINT_END = 2 ** 63;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * `bigint` or `uuid` where each value of the sample is one, else `text`.
 *
 * @param sample records as `JSON.parse` gives them; those without the key count for nothing
 */
export function keyTypeOf(
  path: RecordPath,
  sample: readonly unknown[],
): 'bigint' | 'uuid' | 'text' {
  const values = sample.map((record) => recordValue(record, path)).filter((value) => value != null);
  if (values.length === 0) return 'text';
  if (values.every(isBigint)) return 'bigint';
  return values.every((value) => typeof value === 'string' && UUID.test(value)) ? 'uuid' : 'text';
}

/** Beyond 2^53 a number is not the one that was sent, but an integer all the same. */
function isBigint(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < BIGINT_END;
}

/** The value at a path of a record; undefined: there is none. */
export function recordValue(record: unknown, path: RecordPath): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<string, unknown>>)[name]
        : undefined,
    record,
  );
}
