/** Whether the records of a page have the key and the time that their source file names. Pure. */
import { parseExact, writeExact } from '../../paging/json-text.js';
import { keyTypeOf, recordValue } from '../../protocol/key-type.js';
import type { RecordPath, WriterTarget } from '../../protocol/record-target.js';
import type { StreamPlan } from '../../source/plan.js';
import { inShort } from './shown-values.js';

export interface CheckedKey {
  /** Of its column. */
  readonly name: string;
  /** As the file declares it, else as the records show it. */
  readonly type: string;
}

export interface CheckedRecords {
  /** In short, as JSON text, for numbers keep their digits in it alone; null: the page holds none. */
  readonly first: string | null;
  readonly key: readonly CheckedKey[];
  readonly time: string | null;
  /** Sentences. */
  readonly faults: readonly string[];
}

/**
 * @param texts of the page's records
 * @param clean takes secrets out of a text
 */
export function checkRecords(
  texts: readonly string[],
  { primaryKey, timePath }: Pick<StreamPlan, 'primaryKey' | 'timePath'>,
  target: WriterTarget,
  clean: (text: string) => string,
): CheckedRecords {
  const records = texts.map((text): unknown => JSON.parse(text));
  const [first] = texts;
  const columns = target.key;
  const key = columns.map(({ name, path, type }) => ({
    name,
    type: type ?? keyTypeOf(path, records),
  }));
  const timeSteps = target.timePath;
  const times = timeSteps === null ? [] : records.map((record) => recordValue(record, timeSteps));
  const time = times.find((value) => value != null);
  const paths = columns.map(({ path }) => path);
  return {
    first: first === undefined ? null : writeExact(inShort(parseExact(clean(first)))),
    key,
    time: time === undefined ? null : clean(String(time)),
    faults: [
      ...keyFaults(texts, paths, primaryKey.join(', ')),
      ...(timePath !== null && records.length > 0 && time === undefined
        ? [`no record of the first page has anything at time ${timePath}`]
        : []),
    ],
  };
}

function keyFaults(texts: readonly string[], paths: readonly RecordPath[], name: string): string[] {
  if (paths.length === 0) return [];
  // Digits that a double would lose keep two keys apart.
  const keys = texts.map((text) => {
    const record = parseExact(text);
    const values = paths.map((path) => recordValue(record, path));
    return values.some((value) => value == null) ? null : values.map(writeExact).join();
  });
  const found = keys.filter((one) => one !== null);
  const missing = keys.length - found.length;
  const twice = found.length - new Set(found).size;
  return [
    ...(missing === 0
      ? []
      : [`${missing} of ${keys.length} records of the first page have no primary_key ${name}`]),
    ...(twice === 0
      ? []
      : [
          `${twice} of ${keys.length} records of the first page have the primary_key ${name} of another one`,
        ]),
  ];
}
