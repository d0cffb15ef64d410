/**
 * The text of a source file as plain data, with the line of every field. YAML 1.2, of which JSON is a
 * part; anchors, aliases and merge keys (`<<`) are resolved.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { FieldPath, FileNote, Locate } from './file-note.js';

export type ReadText =
  | { readonly type: 'read'; readonly value: unknown; readonly locate: Locate }
  | { readonly type: 'faulty'; readonly faults: readonly FileNote[] };

const TEXT_CHARS_MAX = 1_000_000;
const DEPTH_MAX = 60;
const ALIASES_MAX = 100;
/** Lists in lists on one line, which the parser follows until it has no stack left. */
const MANY_INDICATORS = /^[ \t]*(?:[-?:][ \t]+){60}/m;
const TOO_DEEP = 'lists and blocks are nested too deeply, or contain themselves';

/** The parser's own words may repeat the text around a fault, and with it a secret. */
const WORDS: Readonly<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'a text in double quotes has an escape that is none; write \\\\ for a backslash',
  BAD_INDENT:
    'the indentation is wrong, or a bracket is open; fields of one block begin in the same column',
  BAD_SCALAR_START: 'a text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a field cannot begin here; put a text with ": " in quotes',
  DUPLICATE_KEY: 'the field is there twice in one block',
  MISSING_CHAR: 'a bracket, a quote or a comma is missing',
  MULTIPLE_DOCS: 'the file holds several documents; put each into a file of its own',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  TAG_RESOLVE_FAILED: 'tags (!…) name objects of a program; a source file holds plain data only',
};
const MERGE_WORDS = 'a merge key takes a block, an alias of one, or a list of them';
const OTHER_WORDS =
  'this is not YAML; check quotes, brackets and the indentation of the line above';

/** @returns the data, or what keeps it from being YAML or JSON */
export function readText(text: string): ReadText {
  const lines = new LineCounter();
  if (text.length > TEXT_CHARS_MAX) {
    return fileFault(`the file is longer than ${TEXT_CHARS_MAX} characters`);
  }
  if (MANY_INDICATORS.test(text)) return fileFault(TOO_DEEP);
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  // What the parser only warns of, such as an unknown tag, would be read as something else.
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) {
    return {
      type: 'faulty',
      faults: errors.map(({ code, pos }) => noteAt(lines, pos[0], WORDS[code] ?? OTHER_WORDS)),
    };
  }
  const dangling = danglingNodes(document);
  if (dangling.length > 0) {
    return {
      type: 'faulty',
      faults: dangling.map(({ offset, message }) => noteAt(lines, offset, message)),
    };
  }
  const value = plainData(document);
  if (value === undefined || isTooDeep(value, 0)) return fileFault(TOO_DEEP);
  return { type: 'read', value, locate: (path) => placeOf(document, lines, path) };
}

function fileFault(message: string): ReadText {
  const note = { line: 1, column: 1, field: '', message, suggestion: null };
  return { type: 'faulty', faults: [note] };
}

function noteAt(lines: LineCounter, offset: number, message: string): FileNote {
  return { ...placeAt(lines, offset), field: '', message, suggestion: null };
}

function placeAt(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

interface Dangling {
  readonly offset: number;
  readonly message: string;
}

/** Aliases without an anchor before them, and merge keys of what is no block. */
function danglingNodes(document: Document.Parsed): readonly Dangling[] {
  const anchors = new Set<string>();
  const found: Dangling[] = [];
  const add = (node: unknown, message: string) =>
    found.push({ offset: isNode(node) ? (node.range?.[0] ?? 0) : 0, message });
  const isBlock = (node: unknown): boolean => isMap(isAlias(node) ? node.resolve(document) : node);
  visit(document, {
    Alias: (_, node) => {
      if (!anchors.has(node.source)) add(node, 'the alias leads to no anchor');
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    },
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || !isNamed(key, '<<')) return;
      const merged = isAlias(value) ? value.resolve(document) : value;
      const isMergeable = isSeq(merged) ? merged.items.every(isBlock) : isBlock(merged);
      if (!isMergeable) add(key, MERGE_WORDS);
    },
  });
  return found;
}

/** Undefined: aliases repeat so much that the data would fill the memory. */
function plainData(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) ?? null;
  } catch (error) {
    if (error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** Of what contains itself, the first way down is already too deep. */
function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth >= DEPTH_MAX || Object.values(value).some((inner) => isTooDeep(inner, depth + 1));
}

/** The field's name; of what stands in a list, its beginning. */
function placeOf(document: Document.Parsed, lines: LineCounter, path: FieldPath) {
  let node = resolved(document, document.contents);
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    const found = node === null ? null : memberOf(document, node, part);
    if (found === null) break;
    offset = found.offset;
    node = resolved(document, found.value);
  }
  return placeAt(lines, offset);
}

interface Member {
  readonly offset: number;
  readonly value: Node | null;
}

function memberOf(document: Document.Parsed, node: Node, part: string | number): Member | null {
  if (isSeq<Node>(node)) {
    const item = typeof part === 'number' ? node.items[part] : undefined;
    return item === undefined ? null : { offset: item.range?.[0] ?? 0, value: item };
  }
  if (!isMap<Node, Node | null>(node)) return null;
  const named = node.items.filter(isPair).find(({ key }) => isNamed(key, String(part)));
  if (named !== undefined) return { offset: named.key.range?.[0] ?? 0, value: named.value };
  const merged = node.items.find(({ key }) => isNamed(key, '<<'));
  const from = resolved(document, merged?.value ?? null);
  if (from === null) return null;
  const blocks = isSeq<Node>(from) ? from.items.map((item) => resolved(document, item)) : [from];
  for (const block of blocks) {
    const found = isMap(block) ? memberOf(document, block, part) : null;
    if (found !== null) return found;
  }
  return null;
}

function isNamed(key: Node, name: string): boolean {
  if (!isScalar(key)) return false;
  // A merge key holds a symbol.
  const written = typeof key.value === 'symbol' ? key.source : String(key.value);
  return (written ?? '<<') === name;
}

function resolved(document: Document.Parsed, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}
