/** Whether the source can be asked for the range that a person wants. */
import type { AskedPass } from '../config/config.js';
import { streamOf } from '../source/compile-source.js';
import { compareCursorValues, readCursorValue } from '../source/cursor-value.js';
import { boundsOf } from '../source/request-values.js';
import type { OpenSource } from './open-source.js';
import { UserError } from './user-error.js';

/** @throws UserError */
export function requireRange({ spec, sourceSpec }: OpenSource, asked: AskedPass): void {
  if (asked.type !== 'range') return;
  const { name, stream, incremental } = spec;
  const where = `${name}.${stream}`;
  if (incremental === null) {
    throw refused(
      `${where} is read as a whole: its file has no incremental, so that there are no ranges`,
    );
  }
  const bounds = boundsOf(streamOf(sourceSpec.plan, stream));
  const ends = [
    { flag: '--since', value: asked.since, isTaken: bounds.start, field: 'start_param' },
    { flag: '--until', value: asked.until, isTaken: bounds.end, field: 'end_param' },
  ];
  for (const { flag, value, isTaken, field } of ends) {
    if (value === null) continue;
    if (!isTaken) {
      throw refused(`${flag} cannot be asked for: incremental of ${where} names no ${field}`);
    }
    if (readCursorValue(value, incremental.type) === null) {
      throw refused(
        `${flag} takes a value of ${incremental.cursorPath}${typeText(incremental.type)}`,
      );
    }
  }
  const [from, to] = ends.map(({ value }) => readCursorValue(value, incremental.type));
  if (from == null || to == null) return;
  // A day may mean all of it.
  const isWithin = from.kind === 'instant' && from.text.startsWith(to.text);
  if (!isWithin && compareCursorValues(from, to) > 0) {
    throw refused('--since lies behind --until: no record is in that range');
  }
}

function typeText(type: string | null): string {
  return type === null ? '' : `, which is of the type ${type}`;
}

function refused(message: string): UserError {
  return new UserError(`${message}.`, 'usage');
}
