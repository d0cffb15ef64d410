/** Forms of a body that is no JSON, however often it is asked for: told by its first bytes. */
import { JsonWalker, NOT_FOUND } from '../json/json-walker.js';
import { firstByteIndex } from './envelope.js';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const LESS_THAN = 0x3c;
const LINE_FEED = 0x0a;
const SPACE = 0x20;

/** The first bytes of what is compressed, though no header says so. */
const COMPRESSIONS: readonly (readonly [string, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['ZIP', Buffer.from('PK\x03\x04', 'latin1')],
];
const HTML = /^<(?:!doctype\s+html|html|head|body|title|script|p|h1)\b/i;
const LINES_TYPE = /ndjson|jsonl|json-?lines|json-seq/;
const START_CHARS = 32;
const ASK_FOR_JSON = 'Ask the API for JSON, by a parameter or by the header Accept of the source';

export interface BodyForm {
  /** In a few words, without quoting any of it. */
  readonly what: string;
  /** Null: whoever is asked may be another one than the source names. */
  readonly remedy: string | null;
}

/** @param type the media type; `''`: not known @returns null: it may be JSON that was spoilt */
export function otherForm(body: Buffer, type = ''): BodyForm | null {
  const size = `of ${body.length} bytes`;
  const compression = COMPRESSIONS.find(([, mark]) => body.subarray(0, mark.length).equals(mark));
  if (compression !== undefined) {
    const [name] = compression;
    const remedy = `Make the API or the proxy before it say Content-Encoding, or send the body as it is`;
    return { what: `${name} ${size} that no Content-Encoding tells of`, remedy };
  }
  if (isUtf16(body)) {
    return { what: `UTF-16 ${size}`, remedy: 'Make the API send UTF-8, as JSON has to be' };
  }
  const first = firstByteIndex(body);
  if (body[first] === LESS_THAN) {
    const isHtml = HTML.test(body.toString('latin1', first, first + START_CHARS));
    const remedy = isHtml ? null : ASK_FOR_JSON;
    return { what: `an ${isHtml ? 'HTML' : 'XML'} document ${size}`, remedy };
  }
  if (isLines(body, first) || (body.length > 0 && LINES_TYPE.test(type))) {
    return { what: `NDJSON ${size}, a JSON value on each line`, remedy: ASK_FOR_JSON };
  }
  return type === 'text/csv' && body.length > 0
    ? { what: `CSV ${size}`, remedy: ASK_FOR_JSON }
    : null;
}

/** By its mark, or by the zeros between the characters of JSON. */
function isUtf16(body: Buffer): boolean {
  const [one, two, three, four] = body;
  if ((one === 0xff && two === 0xfe) || (one === 0xfe && two === 0xff)) return true;
  return (one === 0 && three === 0) || (two === 0 && four === 0 && one !== undefined);
}

function isLines(body: Buffer, first: number): boolean {
  const opening = body[first];
  if (opening !== OPEN_BRACE && opening !== OPEN_BRACKET) return false;
  let at = new JsonWalker(body).nestedEnd(first);
  if (at === NOT_FOUND) return false;
  let hasLineEnd = false;
  for (; at < body.length && (body[at] as number) <= SPACE; at++) {
    hasLineEnd ||= body[at] === LINE_FEED;
  }
  return hasLineEnd && body[at] === opening;
}
