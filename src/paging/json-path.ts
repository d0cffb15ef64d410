/**
 * JSONPath, as far as source files use it: where a value stands in JSON.
 *
 *   $              the whole
 *   a.b  $.a.b     a member of a member
 *   ['a b']  'a.b' a member whose name is quoted
 *   [0]  [-1]      an element; negative: from the end
 *   [*]  .*        each element, or the value of each member
 *
 * A path is compiled once and then walked. Recursive descent, slices, unions, filters and scripts are
 * refused with a reason: what they would match changes with the data, and a stream has one place for
 * its records.
 */
import { assert } from './assert.js';

export type PathStep =
  | { readonly type: 'name'; readonly name: string }
  /** Negative: counted from the end. */
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'all' };

export type CompiledPath =
  | { readonly type: 'path'; readonly steps: readonly PathStep[] }
  /** The reason is the end of a sentence about the path. */
  | { readonly type: 'invalid'; readonly reason: string };

const ALL: PathStep = { type: 'all' };

// Each pattern matches at the place of the reader or not at all.
const BARE_NAME = /[^\s.[\]'"*(),?:]+/y;
const QUOTED = /'((?:[^'\\]|\\['"\\])*)'|"((?:[^"\\]|\\['"\\])*)"/y;
const INDEX = /\[\s*(-?\d+)\s*\]/y;
const QUOTED_MEMBER = /\[\s*('(?:[^'\\]|\\['"\\])*'|"(?:[^"\\]|\\['"\\])*")\s*\]/y;
const EACH = /\[\s*\*\s*\]/y;
const ROOT = /\$(?=$|[.[])/y;

/** Compiles a path. Spaces around it do not count. */
export function compilePath(text: string): CompiledPath {
  const path = text.trim();
  if (path === '') return invalid('is empty; write $ for the whole');
  if (path === '$') return { type: 'path', steps: [] };
  const steps: PathStep[] = [];
  let at = matchAt(ROOT, path, 0)?.[0].length ?? 0;
  let needsName = at === 0;
  while (at < path.length || needsName) {
    if (path.startsWith('..', at)) return invalid('uses "..", which is not supported');
    if (path[at] === '[') {
      const read = readBracket(path, at);
      if ('reason' in read) return invalid(read.reason);
      steps.push(read.step);
      at = read.end;
      needsName = false;
      continue;
    }
    if (!needsName) {
      if (path[at] !== '.')
        return invalid(`has no "." or "[" at ${JSON.stringify(path.slice(at))}`);
      at += 1;
    }
    const read = readName(path, at);
    if (read === null) return invalid(nameFault(path, at));
    steps.push(read.step);
    at = read.end;
    needsName = false;
  }
  return { type: 'path', steps };
}

/** The steps of a path that was checked: one that does not compile is a bug. */
export function pathSteps(path: string): readonly PathStep[] {
  const compiled = compilePath(path);
  assert(compiled.type === 'path', `${path} was checked when its file was loaded`);
  return compiled.steps;
}

interface Read {
  readonly step: PathStep;
  readonly end: number;
}

function readName(path: string, at: number): Read | null {
  if (path[at] === '*') return { step: ALL, end: at + 1 };
  const quoted = matchAt(QUOTED, path, at);
  if (quoted !== null) return { step: named(unquoted(quoted[0])), end: at + quoted[0].length };
  const bare = matchAt(BARE_NAME, path, at);
  return bare === null ? null : { step: named(bare[0]), end: at + bare[0].length };
}

function readBracket(path: string, at: number): Read | { readonly reason: string } {
  const each = matchAt(EACH, path, at);
  if (each !== null) return { step: ALL, end: at + each[0].length };
  const index = matchAt(INDEX, path, at);
  if (index !== null) {
    const step: PathStep = { type: 'index', index: Number(index[1]) };
    return Number.isSafeInteger(step.index)
      ? { step, end: at + index[0].length }
      : { reason: `has the index ${index[1]}, which no array reaches` };
  }
  const member = matchAt(QUOTED_MEMBER, path, at);
  if (member !== null)
    return { step: named(unquoted(member[1] ?? '')), end: at + member[0].length };
  const rest = path.slice(at + 1).trimStart();
  if (rest.startsWith('?')) return { reason: 'has a filter, which is not supported' };
  if (rest.startsWith('(')) return { reason: 'has a script, which is not supported' };
  if (/^(?:-?\d*\s*:|[^\]]*,)/.test(rest)) {
    return { reason: 'has a slice or a list in brackets, which is not supported' };
  }
  return { reason: 'has brackets that hold no number, no quoted name and no *' };
}

function nameFault(path: string, at: number): string {
  if (at >= path.length) return 'ends where a name is due';
  const rest = JSON.stringify(path.slice(at));
  return `has no name at ${rest}; quote names with special characters, as in ['a b']`;
}

function named(name: string): PathStep {
  return { type: 'name', name };
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function invalid(reason: string): CompiledPath {
  return { type: 'invalid', reason };
}

/** The first value at a path; undefined: there is none. A null that stands there is null. */
export function valueAt(steps: readonly PathStep[], json: unknown): unknown {
  for (const value of valuesAt(steps, json)) return value;
  return undefined;
}

/** The values at a path, in the order of the JSON. */
export function* valuesAt(steps: readonly PathStep[], json: unknown): Generator<unknown> {
  const [step, ...rest] = steps;
  if (step === undefined) {
    yield json;
    return;
  }
  for (const value of valuesOf(step, json)) yield* valuesAt(rest, value);
}

function valuesOf(step: PathStep, json: unknown): readonly unknown[] {
  if (typeof json !== 'object' || json === null) return [];
  if (step.type === 'all') return Array.isArray(json) ? json : Object.values(json);
  if (step.type === 'index') {
    if (!Array.isArray(json)) return [];
    const index = step.index < 0 ? json.length + step.index : step.index;
    return index in json ? [json[index]] : [];
  }
  if (Array.isArray(json)) return [];
  const own = Object.getOwnPropertyDescriptor(json, step.name);
  return own === undefined ? [] : [own.value];
}

/** Writes the path of nested members, outermost first, as `compilePath` reads it. */
export function pathOfNames(names: readonly string[]): string {
  return names.map(pathPart).join('') || '$';
}

function pathPart(name: string, index: number): string {
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return index === 0 ? name : `.${name}`;
  return `['${name.replaceAll(/[\\']/g, '\\$&')}']`;
}
