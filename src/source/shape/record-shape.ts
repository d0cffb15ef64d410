/**
 * The shape of a stream's records, gathered from some of them: fields to a bounded depth and number, each with
 * the kinds of its values. What is gathered does not depend on the order of the records.
 *
 *   {"id":1,"user":{"name":"x"},"lines":[{"price":2.5}]}
 *     ''  id  user  user.name  lines  lines[]  lines[].price
 *
 * An object with very many names, such as one whose names are ids, is a map: its names are not fields.
 */
import {
  FIELD_KINDS,
  type FieldFacts,
  type FieldKind,
  type RecordFacts,
} from '../../protocol/record-facts.js';
import { fieldKindOf } from './field-kind.js';

export const DEPTH_MAX = 6;
/** Of what is told; deeper levels are left out until it holds. */
export const FIELDS_MAX = 500;
/** In one object below the record. */
export const NAMES_MAX = 100;
/** Longer names are data, and too long for the key of a table. */
const NAME_CHARS_MAX = 64;
const ELEMENTS_MAX = 20;
/** A bound on memory alone. */
const NODES_MAX = 20_000;

const PLAIN_NAME = /^[\p{L}\p{N}_$@-]+$/u;

interface Node {
  readonly counts: Map<FieldKind, number>;
  /** By name; elements of a list by `ELEMENT`. */
  readonly children: Map<string, Node>;
  isMap: boolean;
}

/** No name of a field: those have no brackets without quotes. */
const ELEMENT = '[]';

export class RecordShape {
  readonly #root = newNode();
  #nodes = 1;

  /** @param record as `JSON.parse` gives it */
  observe(record: unknown): void {
    this.#add(this.#root, record, 0);
  }

  facts(): RecordFacts {
    if (this.#root.counts.size === 0) return { depth: DEPTH_MAX, fields: [] };
    for (let depth = DEPTH_MAX; ; depth--) {
      const fields = [...fieldsOf(this.#root, { path: '', parent: null }, depth)];
      if (fields.length <= FIELDS_MAX || depth === 0) return { depth, fields };
    }
  }

  #add(node: Node, value: unknown, depth: number): void {
    const kind = fieldKindOf(value);
    node.counts.set(kind, (node.counts.get(kind) ?? 0) + 1);
    if (depth === DEPTH_MAX) return;
    if (Array.isArray(value)) {
      for (const element of value.slice(0, ELEMENTS_MAX)) {
        this.#addChild(node, ELEMENT, element, depth);
      }
    } else if (kind === 'object') this.#addFields(node, value as object, depth);
  }

  #addFields(node: Node, value: object, depth: number): void {
    for (const [name, child] of Object.entries(value)) {
      if (node.isMap) return;
      if (name.length <= NAME_CHARS_MAX) this.#addChild(node, stepOf(name), child, depth);
      const isElement = node.children.has(ELEMENT);
      const names = node.children.size - (isElement ? 1 : 0);
      if (names > (depth === 0 ? FIELDS_MAX : NAMES_MAX)) this.#makeMap(node);
    }
  }

  #makeMap(node: Node): void {
    node.isMap = true;
    for (const [step, child] of node.children) {
      if (step === ELEMENT) continue;
      this.#nodes -= 1 + countBelow(child);
      node.children.delete(step);
    }
  }

  #addChild(node: Node, step: string, value: unknown, depth: number): void {
    let child = node.children.get(step);
    if (child === undefined) {
      if (this.#nodes >= NODES_MAX) return;
      this.#nodes++;
      child = newNode();
      node.children.set(step, child);
    }
    this.#add(child, value, depth + 1);
  }
}

function newNode(): Node {
  return { counts: new Map(), children: new Map(), isMap: false };
}

function countBelow({ children }: Node): number {
  let count = children.size;
  for (const child of children.values()) count += countBelow(child);
  return count;
}

/** How a field is named in a path. */
function stepOf(name: string): string {
  return PLAIN_NAME.test(name) ? name : `[${JSON.stringify(name)}]`;
}

function* fieldsOf(
  node: Node,
  { path, parent }: Pick<FieldFacts, 'path' | 'parent'>,
  depth: number,
): Generator<FieldFacts> {
  yield { path, parent, counts: countsOf(node) };
  if (depth === 0) return;
  const children = [...node.children].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [step, child] of children) {
    const isJoined = path === '' || step.startsWith('[');
    const childPath = isJoined ? `${path}${step}` : `${path}.${step}`;
    yield* fieldsOf(child, { path: childPath, parent: path }, depth - 1);
  }
}

/** In one order, whatever came first. */
function countsOf({ counts, isMap }: Node): FieldFacts['counts'] {
  const found: Partial<Record<FieldKind, number>> = {};
  for (const kind of FIELD_KINDS) {
    const count = counts.get(kind);
    if (count !== undefined) found[kind === 'object' && isMap ? 'map' : kind] = count;
  }
  return found;
}
