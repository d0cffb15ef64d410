/**
 * Hostile rows: records inside good pages that a careful client must store, or keep aside.
 *
 * Which event is hostile, and how, depends on the seed and the event alone, so a row fetched twice is
 * the same twice. Rows are latin1 text of UTF-8 bytes: one character is one byte.
 */
import { mix32, purposeWord, unitDraw } from './hash.js';

export const HOSTILE_KINDS = [
  'noId',
  'malformedId',
  'nulInString',
  'invalidUtf8',
  'badJson',
  'nonObject',
  'unreadableTimestamp',
  'missingTimestamp',
  'secondsTimestamp',
  'digitStringTimestamp',
] as const;

export type HostileKind = (typeof HOSTILE_KINDS)[number];

/** What a client is to make of a row: store it with its instant, store it without, or keep it aside. */
export type Fate = 'stored' | 'storedWithoutInstant' | 'quarantined';

const FATES: Readonly<Record<HostileKind, Fate>> = {
  noId: 'quarantined',
  malformedId: 'quarantined',
  nulInString: 'quarantined',
  invalidUtf8: 'quarantined',
  badJson: 'quarantined',
  nonObject: 'quarantined',
  unreadableTimestamp: 'quarantined',
  missingTimestamp: 'storedWithoutInstant',
  secondsTimestamp: 'stored',
  digitStringTimestamp: 'stored',
};

const MALFORMED_IDS = ['"not-a-uuid"', '"12345678-1234-4234-8234-12345678901"', '17', 'null', '""'];
const NON_OBJECTS = ['null', '42', '"a record, but only text"', '[1,{"id":"nested"}]', 'true'];
const UNREADABLE_TIMESTAMPS = ['"yesterday"', '"2026-13-45T25:61:00.000Z"', 'true', '{"$date":1}'];

/** Chooses hostile events. `share` 0 turns it off; `kinds` is "all" or names with commas. */
export class HostileRows {
  readonly #share: number;
  readonly #kinds: readonly HostileKind[];
  readonly #shareWord: number;
  readonly #kindWord: number;

  constructor(settings: { readonly seed: number; readonly share: number; readonly kinds: string }) {
    this.#share = settings.share;
    const names = settings.kinds.split(',');
    this.#kinds =
      settings.kinds === 'all'
        ? HOSTILE_KINDS
        : HOSTILE_KINDS.filter((kind) => names.includes(kind));
    this.#shareWord = purposeWord(settings.seed, 'hostile share');
    this.#kindWord = purposeWord(settings.seed, 'hostile kind');
  }

  /** Null for an ordinary event. */
  kindOf(entity: number): HostileKind | null {
    if (this.#share === 0 || unitDraw(this.#shareWord, entity) >= this.#share) return null;
    return this.#kinds[mix32(entity ^ this.#kindWord) % this.#kinds.length] ?? null;
  }

  fateOf(entity: number): Fate {
    const kind = this.kindOf(entity);
    return kind === null ? 'stored' : FATES[kind];
  }
}

/** The ordinary form of an event that is about to be spoilt. */
export interface OrdinaryEvent {
  readonly entity: number;
  readonly id: string;
  readonly ms: number;
  /** The whole record. */
  readonly text: string;
  /** Its timestamp as JSON, in the form that its place in the page gives it. */
  readonly timestamp: string;
}

export function renderHostile(kind: HostileKind, event: OrdinaryEvent): string {
  const { id, ms, text, timestamp } = event;
  const pick = (texts: readonly string[]): string =>
    texts[mix32(event.entity) % texts.length] ?? '';
  const withTimestamp = (other: string): string =>
    text.replace(`"timestamp":${timestamp},`, `"timestamp":${other},`);
  switch (kind) {
    case 'noId':
      return text.replace(`"id":"${id}",`, '');
    case 'malformedId':
      return text.replace(`"id":"${id}"`, `"id":${pick(MALFORMED_IDS)}`);
    case 'nulInString':
      return text.replace('"name":"event_', '"name":"event_\\u0000');
    case 'invalidUtf8':
      return text.replace('"name":"event_', '"name":"event_\xff\xc0');
    case 'badJson':
      return text.replace('"properties":{', '"properties":{"broken":,');
    case 'nonObject':
      return pick(NON_OBJECTS);
    case 'unreadableTimestamp':
      return withTimestamp(pick(UNREADABLE_TIMESTAMPS));
    case 'missingTimestamp':
      return text.replace(`"timestamp":${timestamp},`, '');
    case 'secondsTimestamp':
      // With its fraction, so that the instant stays the one that the order is made of.
      return withTimestamp(String(ms / 1000));
    case 'digitStringTimestamp':
      return withTimestamp(`"${ms}"`);
  }
}
