/**
 * Finds the records of a page in its bytes: where each begins and ends, and what stands around them.
 *
 * A path leads to a list, whose elements are the records, or to the records themselves. Where a source
 * names none, the list is told by its name and by what it holds (record-list.ts).
 *
 *   {"meta":…,"items":[{…},{…}]}   items      both objects
 *   [{…},{…}]                      $          both
 *   {"7":{…},"9":{…}}              *          both
 *   {"edges":[{"node":{…}}]}       edges[*].node
 *   {"id":1}                       $          the one
 */
import type { PathStep } from '../../src/paging/json-path.js';
import { JsonWalker, NOT_FOUND } from '../json/json-walker.js';
import { textStart } from './envelope.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LOWER_N = 0x6e;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A value in the body: its first byte, and one past its last. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

export type FoundRecords =
  | {
      readonly type: 'found';
      readonly records: readonly Slice[];
      /** What is left out of the page to read what stands around the records. */
      readonly span: Slice | null;
    }
  /** Nothing is at the path, whatever else the page is. */
  | { readonly type: 'absent' }
  /** The body breaks off, or its brackets do not pair. */
  | { readonly type: 'broken'; readonly recordIndex: number };

/** Where JSON cannot be followed. */
class Broken extends Error {
  readonly recordIndex: number;

  constructor(recordIndex = 0) {
    super('the JSON breaks off');
    this.recordIndex = recordIndex;
  }
}

export function findSlices(body: Buffer, steps: readonly PathStep[]): FoundRecords {
  const reader = new SliceReader(body);
  try {
    return reader.records(steps);
  } catch (error) {
    if (error instanceof Broken) return { type: 'broken', recordIndex: error.recordIndex };
    throw error;
  }
}

export class SliceReader {
  readonly #walker: JsonWalker;

  constructor(body: Buffer) {
    this.#walker = new JsonWalker(body);
  }

  get body(): Buffer {
    return this.#walker.body;
  }

  records(steps: readonly PathStep[]): FoundRecords {
    const matches = this.#matches(this.root(), steps);
    const [only] = matches;
    if (only === undefined) return { type: 'absent' };
    const endsInAll = steps.at(-1)?.type === 'all';
    if (endsInAll || matches.length > 1) return { type: 'found', records: matches, span: null };
    const first = this.body[only.start];
    if (first === OPEN_BRACKET) {
      return { type: 'found', records: this.children(only), span: only };
    }
    // As some servers write an empty list.
    if (first === LOWER_N) return { type: 'found', records: [], span: null };
    return { type: 'found', records: [only], span: null };
  }

  /** The whole value, without what may stand before it. */
  root(): Slice {
    return this.#valueAt(this.#walker.skipSpace(textStart(this.body)));
  }

  /** The elements of a list, or the values of an object's members. */
  children(parent: Slice): Slice[] {
    const found: Slice[] = [];
    this.#eachChild(parent, (_, child) => found.push(child));
    return found;
  }

  /** The members of an object; of a name that comes twice the last counts, as in `JSON.parse`. */
  members(parent: Slice): ReadonlyMap<string, Slice> {
    const found = new Map<string, Slice>();
    if (this.body[parent.start] !== OPEN_BRACE) return found;
    this.#eachChild(parent, (name, child) => {
      if (name !== null) found.set(name(), child);
    });
    return found;
  }

  #matches(at: Slice, [step, ...rest]: readonly PathStep[]): Slice[] {
    if (step === undefined) return [at];
    return this.#step(at, step).flatMap((child) => this.#matches(child, rest));
  }

  #step(at: Slice, step: PathStep): Slice[] {
    const first = this.body[at.start];
    switch (step.type) {
      case 'name': {
        const member = this.members(at).get(step.name);
        return member === undefined ? [] : [member];
      }
      case 'index':
        return first === OPEN_BRACKET
          ? this.children(at).slice(step.index, step.index + 1 || undefined)
          : [];
      case 'all':
        return first === OPEN_BRACKET || first === OPEN_BRACE ? this.children(at) : [];
    }
  }

  #eachChild({ start }: Slice, visit: (name: (() => string) | null, child: Slice) => void): void {
    const walker = this.#walker;
    const { body } = walker;
    const isList = body[start] === OPEN_BRACKET;
    const close = isList ? CLOSE_BRACKET : CLOSE_BRACE;
    walker.rewind(start + 1);
    let at = walker.skipSpace(start + 1);
    if (body[at] === close) return;
    for (let index = 0; ; index++) {
      let name: (() => string) | null = null;
      if (!isList) {
        if (body[at] !== QUOTE) throw new Broken(index);
        const keyStart = at;
        const keyEnd = walker.stringEnd(at + 1);
        if (keyEnd === NOT_FOUND) throw new Broken(index);
        name = () => nameOf(body, keyStart, keyEnd, index);
        at = walker.skipSpace(keyEnd + 1);
        if (body[at] !== COLON) throw new Broken(index);
        at = walker.skipSpace(at + 1);
      }
      const end = walker.valueEnd(at);
      if (end === NOT_FOUND || end === at) throw new Broken(index);
      visit(name, { start: at, end });
      at = walker.skipSpace(end);
      if (body[at] === close) return;
      if (body[at] !== COMMA) throw new Broken(index);
      at = walker.skipSpace(at + 1);
    }
  }

  #valueAt(start: number): Slice {
    this.#walker.rewind(start);
    const end = this.#walker.valueEnd(start);
    if (end === NOT_FOUND || end === start) throw new Broken();
    return { start, end };
  }
}

function nameOf(body: Buffer, quote: number, keyEnd: number, index: number): string {
  try {
    return JSON.parse(body.toString('utf8', quote, keyEnd + 1)) as string;
  } catch {
    throw new Broken(index);
  }
}
