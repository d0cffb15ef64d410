/** How people are told of fields that have changed. Pure. */
import type { FieldChange } from '../source/shape/known-fields.js';
import { formatCount } from './eta.js';

const NAMED_MAX = 5;

/** What of a change, in a report. */
export type ToldChange = Pick<FieldChange, 'path' | 'change' | 'records' | 'of'> & {
  readonly before: readonly string[];
  readonly now: readonly string[];
};

/** For a run's warnings. @returns null when nothing has changed */
export function fieldChangesText(changes: readonly ToldChange[]): string | null {
  if (changes.length === 0) return null;
  const named = changes.slice(0, NAMED_MAX).map(changeText);
  const more = changes.length - named.length;
  const all = more > 0 ? [...named, `and ${formatCount(more)} more`] : named;
  return `the records are not as in earlier runs: ${all.join('; ')}`;
}

/** `price: text in 12 of 950, was decimal`. */
export function changeText(change: ToldChange): string {
  const name = fieldText(change);
  switch (change.change) {
    case 'new':
      return `${name} is new: ${nowText(change)}`;
    case 'vanished':
      return `${name} has vanished: ${nowText(change)}`;
    case 'type changed':
      return `${name}: ${nowText(change)}, was ${kindsText(change.before)}`;
  }
}

export function fieldText({ path }: Pick<ToldChange, 'path'>): string {
  return path === '' ? 'the record' : path;
}

/** `text in 12 of 950`; `in none of 950`. */
export function nowText({ now, records, of }: ToldChange): string {
  if (now.length === 0) return `in none of ${formatCount(of)}`;
  return `${kindsText(now)} in ${formatCount(records)} of ${formatCount(of)}`;
}

/** `integer or null`. */
export function kindsText(kinds: readonly string[]): string {
  return kinds.toSorted().join(' or ');
}
