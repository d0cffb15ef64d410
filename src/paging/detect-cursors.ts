/**
 * Signs of paging by cursors. An answer shows the cursor, but not the parameter that takes it: that is
 * known from well-known pairs, or the request already has it. Else nothing is guessed.
 */
import { PAGE_PARAMS } from './detect-counted.js';
import {
  type Detection,
  type Detector,
  detected,
  type FirstAnswer,
  SINGLE_PAGE,
  unsure,
} from './detection.js';
import { pathSteps, valueAt } from './json-path.js';
import {
  firstNamed,
  isBeside,
  type NamedValue,
  parentOf,
  pathOf,
  plainName,
} from './named-values.js';
import type { ValuePlace } from './paginator-plan.js';

/** A member that holds a cursor, and where requests take it. */
interface Pair {
  readonly name: string;
  /** Plain name of the object that holds it; empty: the body itself. Absent: any. */
  readonly parent?: string;
  readonly place: (value: NamedValue, answer: FirstAnswer) => ValuePlace;
  /** Absent: text that is not empty, or a number. */
  readonly fits?: (value: unknown) => boolean;
}

const HAS_MORE_NAMES: readonly string[] = ['hasmore', 'hasnextpage', 'hasnext', 'morerecords'];
const CURSOR_PARAMS: readonly string[] = ['cursor', 'startcursor', 'pagetoken', 'pageafter'];

const query = (name: string) => (): ValuePlace => ({ in: 'query', name });
const sameName = ({ names }: NamedValue): ValuePlace => ({ in: 'query', name: names.at(-1) ?? '' });

/** The first that fits counts. */
const PAIRS: readonly Pair[] = [
  { name: 'nextcursor', place: placeOfNextCursor },
  { name: 'endcursor', parent: 'pageinfo', place: placeOfEndCursor },
  { name: 'aftercursor', parent: 'meta', place: query('page[after]') },
  { name: 'aftercursor', parent: '', place: query('cursor') },
  { name: 'after', parent: 'next', place: query('after') },
  { name: 'after', parent: 'cursors', place: query('after') },
  { name: 'next', parent: 'cursors', place: query('cursor') },
  { name: 'nextpagetoken', place: withoutNext },
  { name: 'nextmarker', place: withoutNext },
  { name: 'nexttoken', parent: 'meta', place: query('pagination_token') },
  { name: 'nexttoken', place: sameName },
  { name: 'continuationtoken', place: sameName },
  { name: 'cursor', parent: '', place: sameName },
  { name: 'offset', parent: '', place: sameName, fits: (value) => /\D/.test(String(value)) },
  {
    name: 'nextpage',
    place: (_, answer) => placeOfPage(answer),
    fits: (value) => /^\d+$/.test(String(value)),
  },
  { name: 'nextoffset', place: withoutNext, fits: (value) => /^\d+$/.test(String(value)) },
  {
    ...{ name: 'lastevaluatedkey', fits: isObject },
    place: () => ({ in: 'body', path: 'ExclusiveStartKey' }),
  },
  // MediaWiki: its members are the parameters, whatever the place is called.
  { name: 'continue', parent: '', place: query('continue'), fits: isObject },
];

/** Whether a cursor would stand there, whatever does. */
export function isCursorPlace(value: NamedValue): boolean {
  return PAIRS.some((pair) => isNamedAs(value, pair));
}

/** Whether the answer says that there is more; undefined: it does not say. */
export function hasMoreValue(values: readonly NamedValue[]): NamedValue | undefined {
  return firstNamed(values, HAS_MORE_NAMES, ({ value }) => typeof value === 'boolean');
}

export const detectCursor: Detector = (answer) => {
  const { values } = answer;
  for (const pair of PAIRS) {
    const found = values.find((value) => isOfPair(value, pair));
    if (found !== undefined) return detectedCursor(found, pair.place(found, answer), answer);
  }
  return unknownCursor(answer);
};

function isNamedAs(value: NamedValue, { name, parent }: Pair): boolean {
  return value.plain === name && (parent === undefined || parentOf(value) === parent);
}

function isOfPair(value: NamedValue, pair: Pair): boolean {
  const { fits = isScalar } = pair;
  const isGiven = (isScalar(value.value) && value.value !== '') || isObject(value.value);
  return isGiven && isNamedAs(value, pair) && fits(value.value);
}

function detectedCursor(found: NamedValue, place: ValuePlace, answer: FirstAnswer): Detection {
  const cursorPath = pathOf(found);
  const flags = answer.values.filter(
    (value) => HAS_MORE_NAMES.includes(value.plain) && typeof value.value === 'boolean',
  );
  const flag = flags.find((value) => isBeside(value, found)) ?? flags[0];
  if (flag?.value === false)
    return detected(SINGLE_PAGE, `it says at ${pathOf(flag)} that it is the last page`);
  const hasMorePath = flag === undefined ? null : pathOf(flag);
  const sent = place.in === 'query' ? `the parameter ${place.name}` : `the body's ${place.path}`;
  const because = `it has a cursor at ${cursorPath}, which APIs of this form take as ${sent}`;
  return detected({ type: 'cursor', cursorPath, place, hasMorePath }, because);
}

/** What is called a cursor, but is in no pair: the request may show what takes it. */
function unknownCursor({ values, params }: FirstAnswer): Detection | null {
  const found = values.find(
    ({ plain, value }) => /cursor$|^next|pagetoken$/.test(plain) && isScalar(value) && value !== '',
  );
  if (found === undefined) return null;
  const takers = Object.keys(params).filter(
    (name) => plainName(name) === found.plain || CURSOR_PARAMS.includes(plainName(name)),
  );
  const [name] = takers;
  const cursorPath = pathOf(found);
  if (name === undefined || takers.length > 1) {
    return unsure(`has what may be a cursor at ${cursorPath}, but not the parameter that takes it`);
  }
  const place: ValuePlace = { in: 'query', name };
  const because = `it has a cursor at ${cursorPath}, and the request has the parameter ${name}`;
  return detected({ type: 'cursor', cursorPath, place, hasMorePath: null }, because);
}

/** Lists as Stripe gives them: they say that there is more, and the last record's id asks for it. */
export const detectKeyset: Detector = ({ seen, values }) => {
  const flag = hasMoreValue(values);
  const isList = firstNamed(
    values,
    ['object'],
    ({ names, value }) => names.length === 1 && value === 'list',
  );
  const hasUrl = firstNamed(
    values,
    ['url'],
    ({ names, value }) => names.length === 1 && typeof value === 'string',
  );
  const last = seen.lastRecordText();
  if (flag?.value !== true || isList === undefined || hasUrl === undefined || last === null)
    return null;
  if (!hasTextId(last)) return null;
  const place: ValuePlace = { in: 'query', name: 'starting_after' };
  return detected(
    { type: 'keyset', keyPath: 'id', place, hasMorePath: pathOf(flag) },
    `it is a list that says at ${pathOf(flag)} that there is more, and its records have an id`,
  );
};

function hasTextId(record: string): boolean {
  try {
    return typeof valueAt(pathSteps('id'), JSON.parse(record)) === 'string';
  } catch {
    return false;
  }
}

/** Notion and Slack name the cursor alike, and take it as different parameters. */
function placeOfNextCursor(_: NamedValue, { values }: FirstAnswer): ValuePlace {
  const isNotion = values.some(({ names, value }) => names.join() === 'object' && value === 'list');
  return { in: 'query', name: isNotion ? 'start_cursor' : 'cursor' };
}

function placeOfEndCursor({ names }: NamedValue): ValuePlace {
  // GraphQL answers under "data", and takes the cursor as a variable.
  if (names[0] === 'data') return { in: 'body', path: 'variables.after' };
  return { in: 'query', name: 'after' };
}

/** The request's own parameter for a page number, else `page`. */
export function placeOfPage({ params }: FirstAnswer): ValuePlace {
  const name = Object.keys(params).find((param) => PAGE_PARAMS.includes(plainName(param)));
  return { in: 'query', name: name ?? 'page' };
}

/** `nextPageToken` is sent as `pageToken`, `next_page_token` as `page_token`, `NextMarker` as `Marker`. */
function withoutNext({ names }: NamedValue): ValuePlace {
  const name = names.at(-1) ?? '';
  const rest = name.replace(/^next[_-]?/i, '');
  const first = rest.charAt(0);
  return { in: 'query', name: (/^n/.test(name) ? first.toLowerCase() : first) + rest.slice(1) };
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

function isObject(value: unknown): boolean {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isMap && Object.keys(value).length > 0;
}
