/**
 * A timeline: `count` entities in the API's order (instant descending, ties by id descending),
 * computed on demand.
 *
 *   place   0            1            2  …          place in the order, 0 is the newest
 *   slot    ├── step ────┼── step ────┼──           an instant falls somewhere in its own slot…
 *   instant  newest         ·           ·           …or, for 1 place in 1,000, is the one before it
 *
 * As slots do not overlap, instants never rise with the place, so a position is found by binary
 * search. Entities of one instant form a tie group; within it places are handed out by id.
 */
import { HIGHEST_ID, type Position } from '../paging/position.js';
import { mix32, purposeWord } from './hash.js';
import { uuidIndex, uuidText, writeUuid } from './uuid.js';

const PLACES_PER_TIE = 1_000;

export interface TimelineSettings {
  readonly seed: number;
  /** Keeps the ids and instants of different kinds of entity apart. */
  readonly purpose: string;
  readonly count: number;
  readonly newestMs: number;
  /** Mean distance of two neighbours. */
  readonly stepMs: number;
}

export class Timeline {
  readonly count: number;
  readonly #newestMs: number;
  readonly #stepMs: number;
  readonly #jitterMsMax: number;
  /** The seed of the ids, for those who write ids as bytes. */
  readonly idWord: number;
  readonly #tieWord: number;
  readonly #jitterWord: number;

  constructor(settings: TimelineSettings) {
    this.count = settings.count;
    this.#newestMs = settings.newestMs;
    this.#stepMs = settings.stepMs;
    this.#jitterMsMax = Math.max(1, Math.floor(settings.stepMs));
    this.idWord = purposeWord(settings.seed, `${settings.purpose} id`);
    this.#tieWord = purposeWord(settings.seed, `${settings.purpose} tie`);
    this.#jitterWord = purposeWord(settings.seed, `${settings.purpose} jitter`);
  }

  /** Epoch ms of the entity at a place. */
  msAt(place: number): number {
    const leader = this.#groupStart(place);
    const jitterMs = leader === 0 ? 0 : mix32(leader ^ this.#jitterWord) % this.#jitterMsMax;
    return this.#newestMs - Math.floor(leader * this.#stepMs) - jitterMs;
  }

  /** Identity of the entity at a place: what its id and all its attributes are computed from. */
  entityAt(place: number): number {
    const isAlone = !this.#isTied(place) && !this.#isTied(place + 1);
    if (isAlone) return place;
    const group = this.#group(place);
    return group[place - this.#groupStart(place)] as number;
  }

  idAt(place: number): string {
    return this.idOf(this.entityAt(place));
  }

  idOf(entity: number): string {
    return uuidText(this.idWord, entity);
  }

  /** Writes the id at a place as 16 bytes at `row * 16`. */
  writeId(bytes: Uint8Array, row: number, place: number): void {
    writeUuid(bytes, row, { seedWord: this.idWord, index: this.entityAt(place) });
  }

  positionAt(place: number): Position {
    return { ms: this.msAt(place), id: this.idAt(place) };
  }

  /** The place of an id; null when no entity has it. */
  placeOf(id: string): number | null {
    const entity = uuidIndex(this.idWord, id);
    if (entity === null || entity >= this.count) return null;
    return this.#groupStart(entity) + this.#group(entity).indexOf(entity);
  }

  /** The first place strictly after a position; `count` when there is none. O(log count). */
  firstAfter(position: Position): number {
    const isAfter = (place: number): boolean => {
      const ms = this.msAt(place);
      if (ms !== position.ms) return ms < position.ms;
      if (position.id === HIGHEST_ID) return true;
      return this.idAt(place) < position.id;
    };
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isAfter(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #isTied(place: number): boolean {
    if (place <= 0 || place >= this.count) return false;
    return mix32(place ^ this.#tieWord) % PLACES_PER_TIE === 0;
  }

  #groupStart(place: number): number {
    let start = place;
    while (this.#isTied(start)) start--;
    return start;
  }

  /** The entities of a place's instant, in the order of their places: id descending. */
  #group(place: number): number[] {
    const start = this.#groupStart(place);
    const entities = [start];
    for (let next = start + 1; this.#isTied(next); next++) entities.push(next);
    return entities.sort((a, b) => (this.idOf(a) > this.idOf(b) ? -1 : 1));
  }
}
