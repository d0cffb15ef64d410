/**
 * The data set: events and sessions computed from a seed, none of them held.
 *
 * Event entity e belongs to session hash(e) of 60,000, that session to user hash(s) of 3,000. Order,
 * ids and instants are those of a timeline per kind.
 */
import { mix32, purposeWord } from './hash.js';
import { HostileRows } from './hostile.js';
import { Timeline } from './timeline.js';
import { uuidText } from './uuid.js';

/** 2026-01-27T19:20:12.369Z, the newest event of the live API. */
export const NEWEST_MS = 1_769_541_612_369;
/** 3,000,000 live events lie within this span: 1.156 events a second. */
const SPAN_MS = 2_594_819_369;
const LIVE_EVENTS = 3_000_000;
export const SESSION_COUNT = 60_000;
const USER_COUNT = 3_000;

/** Types with the share of events, in percent, that have them. */
const TYPE_SHARES = [
  ['page_view', 35],
  ['click', 25],
  ['api_call', 10],
  ['form_submit', 10],
  ['scroll', 5],
  ['purchase', 5],
  ['error', 5],
  ['video_play', 5],
] as const;

export const EVENT_TYPES = TYPE_SHARES.map(([type]) => type);
export type EventType = (typeof EVENT_TYPES)[number];

/** 100 entries: the type of a draw in percent. */
const TYPE_BY_PERCENT = TYPE_SHARES.flatMap(([type, percent]) =>
  Array<EventType>(percent).fill(type),
);

const DEVICES = ['desktop', 'mobile', 'tablet'] as const;
const BROWSERS = ['Chrome', 'Firefox', 'Safari', 'Edge', 'Opera'] as const;

/** The part of the settings that the data depends on. */
export interface DatasetSettings {
  readonly events: number;
  readonly seed: number;
  readonly hostileRows: number;
  readonly hostileKinds: string;
}

export class Dataset {
  readonly events: Timeline;
  readonly sessions: Timeline;
  readonly hostile: HostileRows;
  readonly #seed: number;
  readonly #typeWord: number;
  readonly #sessionWord: number;
  readonly #userIdWord: number;
  readonly #detailWord: number;

  constructor(settings: DatasetSettings) {
    const { seed } = settings;
    this.#seed = seed;
    this.events = new Timeline({
      seed,
      purpose: 'event',
      count: settings.events,
      newestMs: NEWEST_MS,
      stepMs: SPAN_MS / LIVE_EVENTS,
    });
    this.sessions = new Timeline({
      seed,
      purpose: 'session',
      count: SESSION_COUNT,
      newestMs: NEWEST_MS,
      stepMs: SPAN_MS / SESSION_COUNT,
    });
    this.hostile = new HostileRows({
      seed,
      share: settings.hostileRows,
      kinds: settings.hostileKinds,
    });
    this.#typeWord = purposeWord(seed, 'type');
    this.#sessionWord = purposeWord(seed, 'session of event');
    this.#userIdWord = purposeWord(seed, 'user id');
    this.#detailWord = purposeWord(seed, 'detail');
  }

  typeOf(event: number): EventType {
    return TYPE_BY_PERCENT[mix32(event ^ this.#typeWord) % 100] as EventType;
  }

  /** The session entity of an event. */
  sessionOf(event: number): number {
    return mix32(event ^ this.#sessionWord) % SESSION_COUNT;
  }

  /** 32 bits for an event's name and properties. */
  detailOf(event: number): number {
    return mix32(event ^ this.#detailWord);
  }

  userIdOf(session: number): string {
    return uuidText(this.#userIdWord, mix32(session ^ this.#seed) % USER_COUNT);
  }

  deviceOf(session: number): string {
    return DEVICES[mix32(session ^ this.#userIdWord) % DEVICES.length] as string;
  }

  browserOf(session: number): string {
    return BROWSERS[mix32(session ^ this.#typeWord) % BROWSERS.length] as string;
  }
}
