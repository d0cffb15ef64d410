/** Draws the fields of a record: the same seed and serial give the same record everywhere. */
import { drawInteger, type Random, seededRandom } from '../random.js';

const NAMES = [
  'Zoë Łukasiewicz',
  '山田 太郎',
  'محمد علي',
  'O’Brien "Bo"',
  'Ana-María Núñez',
  '김민준',
  'Grace \\ Hopper',
  'Ωmega 🚀',
] as const;

const WORDS = [
  'invoice',
  'naïve',
  'überprüft',
  'данные',
  '資料',
  'refund',
  'tab\there',
  'line\nbreak',
  '👩🏽‍💻',
  'null',
] as const;

export const FIRST_MS = Date.UTC(2024, 0, 1);
const APART_MS = 97_000;
const DAY_MS = 86_400_000;

export class Draw {
  readonly #random: Random;
  readonly serial: number;
  /** Grows with the serial, so that the order by time is the order by serial. */
  readonly createdMs: number;
  readonly updatedMs: number;

  /** @param laterMs so much behind the time that the serial stands for */
  constructor(seed: number, serial: number, laterMs = 0) {
    this.serial = serial;
    this.#random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ serial);
    this.createdMs = FIRST_MS + laterMs + serial * APART_MS + this.integer(0, APART_MS - 1);
    this.updatedMs = this.createdMs + (this.chance(0.3) ? 0 : this.integer(1, 30 * DAY_MS));
  }

  /** In [least, most]. */
  integer(least: number, most: number): number {
    return drawInteger(this.#random, least, most);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.integer(0, choices.length - 1)] ?? choices[0];
  }

  /** The value, or null in one of four records. */
  orNull<T>(value: T): T | null {
    return this.chance(0.25) ? null : value;
  }

  name(): string {
    return this.pick(NAMES);
  }

  sentence(): string {
    return Array.from({ length: this.integer(2, 9) }, () => this.pick(WORDS)).join(' ');
  }

  hex(length: number): string {
    return Array.from({ length }, () => this.integer(0, 15).toString(16)).join('');
  }

  /** Letters and digits of both cases, as in the ids of Stripe and Salesforce. */
  token(length: number): string {
    const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    return Array.from({ length }, () => signs[this.integer(0, signs.length - 1)]).join('');
  }

  /** Distinct by its serial. */
  uuid(): string {
    const serial = this.serial.toString(16).padStart(8, '0');
    return `${serial}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
  }
}

/** ISO 8601 without fractions, `2024-01-01T00:00:00Z`. */
export function isoSeconds(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 19)}Z`;
}

export function isoMilliseconds(instantMs: number): string {
  return new Date(instantMs).toISOString();
}

export function epochSeconds(instantMs: number): number {
  return Math.floor(instantMs / 1000);
}
