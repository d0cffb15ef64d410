/**
 * Views: what a list endpoint pages over. The whole of a timeline, or the events that a filter lets
 * through. Filtered views are found by a pass over all events and kept, a few at a time.
 */
import type { Position } from '../paging/position.js';
import type { Dataset } from './dataset.js';
import type { Timeline } from './timeline.js';

const KEPT_VIEWS_MAX = 8;

export interface View {
  /** Distinct for views that hold different records: part of a cached page's key. */
  readonly name: string;
  readonly kind: 'events' | 'sessions' | 'metrics';
  readonly count: number;
  /** The place in the timeline of the record at a place in the view. */
  placeAt(place: number): number;
  positionAt(place: number): Position;
  /** The first place strictly after a position. */
  firstAfter(position: Position): number;
}

/** Filters of the events list; an absent one lets everything through. */
export interface EventFilter {
  readonly sessionId: string | null;
  readonly type: string | null;
}

export class Views {
  readonly sessions: View;
  readonly metrics: View;
  readonly #events: View;
  readonly #dataset: Dataset;
  readonly #filtered = new Map<string, View>();

  constructor(dataset: Dataset) {
    this.#dataset = dataset;
    this.#events = wholeView('events', dataset.events);
    this.sessions = wholeView('sessions', dataset.sessions);
    this.metrics = placesView('metrics', 'metrics', dataset.events, new Uint32Array(0));
  }

  events(filter: EventFilter): View {
    if (filter.sessionId === null && filter.type === null) return this.#events;
    const name = `events ${JSON.stringify([filter.sessionId, filter.type])}`;
    const view = this.#filtered.get(name) ?? this.#filter(name, filter);
    this.#filtered.delete(name);
    this.#filtered.set(name, view);
    if (this.#filtered.size > KEPT_VIEWS_MAX) {
      for (const oldest of this.#filtered.keys()) {
        this.#filtered.delete(oldest);
        break;
      }
    }
    return view;
  }

  #filter(name: string, filter: EventFilter): View {
    const { events, sessions } = this.#dataset;
    const sessionPlace = filter.sessionId === null ? null : sessions.placeOf(filter.sessionId);
    const session = sessionPlace === null ? null : sessions.entityAt(sessionPlace);
    const places: number[] = [];
    const canMatch = filter.sessionId === null || session !== null;
    for (let place = 0; canMatch && place < events.count; place++) {
      const entity = events.entityAt(place);
      if (session !== null && this.#dataset.sessionOf(entity) !== session) continue;
      if (filter.type !== null && this.#dataset.typeOf(entity) !== filter.type) continue;
      places.push(place);
    }
    return placesView(name, 'events', events, Uint32Array.from(places));
  }
}

function wholeView(kind: 'events' | 'sessions', timeline: Timeline): View {
  return {
    name: kind,
    kind,
    count: timeline.count,
    placeAt: (place) => place,
    positionAt: (place) => timeline.positionAt(place),
    firstAfter: (position) => timeline.firstAfter(position),
  };
}

function placesView(
  name: string,
  kind: View['kind'],
  timeline: Timeline,
  places: Uint32Array,
): View {
  return {
    name,
    kind,
    count: places.length,
    placeAt: (place) => places[place] as number,
    positionAt: (place) => timeline.positionAt(places[place] as number),
    firstAfter(position) {
      const wanted = timeline.firstAfter(position);
      let low = 0;
      let high = places.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((places[middle] as number) >= wanted) high = middle;
        else low = middle + 1;
      }
      return low;
    },
  };
}
