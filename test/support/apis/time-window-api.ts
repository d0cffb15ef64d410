/**
 * An API that is asked for a span of time and has no pages: it refuses a span that holds too much. Some
 * records share an instant, and some lie on a whole hour, where spans that are divided meet.
 */
import { Collection } from './collection.js';
import { type ApiContract, type ApiOptions, type JsonRecord, json } from './contract.js';
import { type Draw, epochSeconds, isoMilliseconds } from './draw.js';
import { plainApi, problem, uuidItem } from './plain-api.js';

export interface TimeWindowApiOptions extends ApiOptions<'events'> {
  /** Whether a record at `end` belongs to the span; it does not by default. */
  readonly end?: 'inclusive' | 'exclusive';
  /** How instants are written in the query and in records: ISO 8601 by default. */
  readonly form?: 'iso' | 'epoch-seconds';
  /** Records that a span may hold; 50 by default. */
  readonly recordsMax?: number;
  /** 400 by default. */
  readonly refusalStatus?: 400 | 422;
}

const FIRST_HOUR_MS = Date.UTC(2024, 0, 1);
const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;

/** `GET /events?start=…&end=…` → `{ events }`, oldest first. */
export function timeWindowApi(options: TimeWindowApiOptions = {}): ApiContract<'events'> {
  const { end = 'exclusive', form = 'iso', recordsMax = 50, refusalStatus = 400 } = options;
  const written = (instantMs: number) =>
    form === 'iso' ? isoMilliseconds(instantMs) : epochSeconds(instantMs);
  const instantOf = (value: unknown) =>
    form === 'iso' ? Date.parse(String(value)) : Number(value ?? Number.NaN) * 1000;
  const make = (draw: Draw): JsonRecord => ({
    ...uuidItem(draw),
    occurred_at: written(occurredMs(draw)),
  });
  const events = new Collection({ make, newest: 'last', options });
  return plainApi({
    options,
    streams: { events },
    method: 'GET',
    path: '/events',
    answer({ url }) {
      const startMs = instantOf(url.searchParams.get('start'));
      const endMs = instantOf(url.searchParams.get('end'));
      if (!(startMs <= endMs)) return problem(400, 'start and end must be instants in this order.');
      const records = events.records.filter((record) => {
        const atMs = instantOf(record.occurred_at);
        return atMs >= startMs && (end === 'inclusive' ? atMs <= endMs : atMs < endMs);
      });
      if (records.length > recordsMax) {
        return problem(refusalStatus, `The span holds more than ${recordsMax} records.`);
      }
      return json(200, { events: records });
    },
  });
}

/** Ten records an hour, of which the first two share the instant at which it begins. */
function occurredMs(draw: Draw): number {
  const ofHour = draw.serial % 10;
  const hourMs = FIRST_HOUR_MS + Math.floor(draw.serial / 10) * HOUR_MS;
  return ofHour <= 1 ? hourMs : hourMs + ofHour * FIVE_MINUTES_MS + draw.integer(0, 299_999);
}
