/** Puts the values of a kind of paging into a JSON body. */
import { assert } from './assert.js';
import { type PathStep, pathSteps } from './json-path.js';
import { parseExact, writeExact } from './json-text.js';
import type { BodyValue } from './page-kind.js';

/**
 * The text of a JSON body with values at their paths. Objects that a path leads through are made
 * where they are missing.
 *
 * @param json the stream's own body; undefined or null: none
 */
export function bodyWith(json: unknown, values: readonly BodyValue[]): string {
  const filled = values.reduce<unknown>((whole, { path, json: text }) => {
    const value = parseExact(text);
    assert(value !== undefined, `the value for ${path} is JSON`);
    return placed(whole, pathSteps(path), value);
  }, json ?? {});
  return writeExact(filled);
}

function placed(into: unknown, steps: readonly PathStep[], value: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (step.type === 'index') {
    assert(step.index >= 0, 'a value has a place that does not hang on the length of a list');
    const list: unknown[] = Array.isArray(into) ? [...into] : [];
    list[step.index] = placed(list[step.index], rest, value);
    return Array.from(list, (element) => element ?? null);
  }
  assert(step.type === 'name', 'a value has one path');
  const members: Record<string, unknown> =
    typeof into === 'object' && into !== null && !Array.isArray(into) ? { ...into } : {};
  const own = Object.hasOwn(members, step.name) ? members[step.name] : undefined;
  return { ...members, [step.name]: placed(own, rest, value) };
}
