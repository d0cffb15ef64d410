/**
 * Rendering of records to bytes: fast enough that a page of 5,000 events costs milliseconds.
 *
 * A row is put together from fragments made once, copied byte by byte; strings of a row's length are
 * never built, for flattening them would cost several times the copy.
 *
 *   {"id":" uuid │ session, user │ type │ name │ properties │ timestamp │ session object
 */
import { type Dataset, EVENT_TYPES, type EventType, SESSION_COUNT } from './dataset.js';
import { renderHostile } from './hostile.js';
import { propertiesOf } from './properties.js';
import { RowBytes } from './row-bytes.js';
import type { View } from './views.js';

const PROPERTIES_PER_TYPE = 64;
/** Larger than any row, hostile ones included. */
const ROW_BYTES_MAX = 1_024;
const COMMA = 0x2c;
const CLOSING_BRACKET = 0x5d;

const ROW_START = asBytes('{"id":"');
const NAME_START = asBytes('","name":"event_');

function asBytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** What rows of one session share. */
interface SessionFragments {
  /** From the end of the id to the start of the type. */
  readonly beforeType: Uint8Array;
  /** From the end of the timestamp to the end of the row. */
  readonly afterTimestamp: Uint8Array;
}

export class Renderer {
  readonly #dataset: Dataset;
  readonly #types: ReadonlyMap<EventType, Uint8Array>;
  readonly #properties: ReadonlyMap<EventType, readonly Uint8Array[]>;
  /** By session entity; of full length from the start, so that it stays a plain array. */
  readonly #sessions = new Array<SessionFragments | undefined>(SESSION_COUNT);
  readonly #rows = new RowBytes();

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
    this.#types = new Map(EVENT_TYPES.map((type) => [type, asBytes(type)]));
    this.#properties = new Map(EVENT_TYPES.map((type) => [type, propertyFragments(type)]));
  }

  /** `{"data":[…]`: the rows of a page and no more, up to where the envelope begins. */
  renderPage(view: View, start: number, end: number): Buffer {
    const rows = this.#rows;
    rows.clear((end - start + 1) * ROW_BYTES_MAX);
    rows.put(asBytes('{"data":['));
    for (let place = start; place < end; place++) {
      if (place > start) rows.putByte(COMMA);
      const at = view.placeAt(place);
      if (view.kind === 'sessions') rows.putText(this.session(at));
      else this.#putEvent(at, place - start);
    }
    rows.putByte(CLOSING_BRACKET);
    return Buffer.from(rows.written());
  }

  /**
   * One event.
   *
   * @param place in the order of all events
   * @param row its place in the page: decides the form of the timestamp
   */
  event(place: number, row: number): Buffer {
    this.#rows.clear(ROW_BYTES_MAX);
    this.#putEvent(place, row);
    return Buffer.from(this.#rows.written());
  }

  /** One session, ASCII alone. @param place in the order of all sessions */
  session(place: number): string {
    const dataset = this.#dataset;
    const session = dataset.sessions.entityAt(place);
    return JSON.stringify({
      id: dataset.sessions.idOf(session),
      userId: dataset.userIdOf(session),
      deviceType: dataset.deviceOf(session),
      browser: dataset.browserOf(session),
      startedAt: new Date(dataset.sessions.msAt(place)).toISOString(),
    });
  }

  #putEvent(place: number, row: number): void {
    const { events, hostile } = this.#dataset;
    const entity = events.entityAt(place);
    const ms = events.msAt(place);
    const isNumber = row % 3 === 0;
    const start = this.#rows.length;
    this.#putOrdinary(entity, ms, isNumber);
    const kind = hostile.kindOf(entity);
    if (kind === null) return;
    const text = this.#rows.cutFrom(start);
    const timestamp = isNumber ? String(ms) : `"${new Date(ms).toISOString()}"`;
    const id = events.idOf(entity);
    this.#rows.putText(renderHostile(kind, { entity, id, ms, text, timestamp }));
  }

  #putOrdinary(entity: number, ms: number, isNumber: boolean): void {
    const dataset = this.#dataset;
    const rows = this.#rows;
    const session = this.#fragmentsOf(dataset.sessionOf(entity));
    const type = dataset.typeOf(entity);
    const detail = dataset.detailOf(entity);
    rows.put(ROW_START);
    rows.putUuid(dataset.events.idWord, entity);
    rows.put(session.beforeType);
    rows.put(this.#types.get(type) as Uint8Array);
    rows.put(NAME_START);
    rows.putBase36(detail);
    const properties = this.#properties.get(type) as readonly Uint8Array[];
    rows.put(properties[(detail >>> 16) % PROPERTIES_PER_TYPE] as Uint8Array);
    if (isNumber) rows.putDigits(ms);
    else rows.putIsoTime(ms);
    rows.put(session.afterTimestamp);
  }

  #fragmentsOf(session: number): SessionFragments {
    const known = this.#sessions[session];
    if (known !== undefined) return known;
    const dataset = this.#dataset;
    const id = dataset.sessions.idOf(session);
    const user = dataset.userIdOf(session);
    const device = dataset.deviceOf(session);
    const browser = dataset.browserOf(session);
    const made: SessionFragments = {
      beforeType: asBytes(`","sessionId":"${id}","userId":"${user}","type":"`),
      afterTimestamp: asBytes(
        `,"session":{"id":"${id}","deviceType":"${device}","browser":"${browser}"}}`,
      ),
    };
    this.#sessions[session] = made;
    return made;
  }
}

function propertyFragments(type: EventType): Uint8Array[] {
  return Array.from({ length: PROPERTIES_PER_TYPE }, (_, draw) =>
    asBytes(`","properties":${JSON.stringify(propertiesOf(type, draw))},"timestamp":`),
  );
}
