/** Figures of repeated measurements. Pure. */
import { assert } from '../src/core/fault.js';

/** Repeated measurements of one thing; what is stated is the median, and min to max is its spread. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of the distances to the median: a spread that one outlier does not move. */
  readonly mad: number;
}

/** @param values at least one */
export function median(values: readonly number[]): number {
  assert(values.length > 0, 'a median is of at least one value');
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] as number;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[(sorted.length >> 1) - 1] as number) + upper) / 2;
}

/** @param values at least one */
export function summarise(values: readonly number[]): Summary {
  const middle = median(values);
  return {
    count: values.length,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    mad: median(values.map((value) => Math.abs(value - middle))),
  };
}

/** Of the values that were measured; null when none was. */
export function summariseKnown(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : summarise(known);
}

/** Two series agree when neither median lies outside of what the other has seen. */
export function agree(one: Summary, other: Summary): boolean {
  return one.median >= other.min && one.median <= other.max
    ? true
    : other.median >= one.min && other.median <= one.max;
}

/** The items of a round, begun at another one each time: no variant always runs after the same. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const start = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
