/** A server with several limits at once, each a sliding log of one key's requests, told by every answer. */
import { drawInteger, type Random } from './random.js';

export interface SharedLimit {
  readonly name: string;
  readonly quota: number;
  readonly windowMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export class SharedServer {
  readonly limits: readonly SharedLimit[];
  /** Of all requests, refused ones too. */
  readonly arrivalsMs: number[] = [];
  refused = 0;
  readonly #isNamed: boolean;

  constructor(random: Random, isNamed = random() < 0.7) {
    this.#isNamed = isNamed;
    const drawn = [
      limit('second', drawInteger(random, 2, 12), SECOND_MS * drawInteger(random, 1, 5)),
      limit('minute', drawInteger(random, 15, 90), MINUTE_MS),
      limit('day', drawInteger(random, 100, 400), DAY_MS),
    ];
    const some = drawn.filter(() => random() < 0.6);
    this.limits = some.length === 0 ? drawn : some;
  }

  answer(arrivesAtMs: number): {
    readonly isAccepted: boolean;
    readonly headers: Readonly<Record<string, string>>;
  } {
    const inWindow = (windowMs: number) =>
      this.arrivalsMs.filter((atMs) => atMs > arrivesAtMs - windowMs);
    const isAccepted = this.limits.every(
      ({ quota, windowMs }) => inWindow(windowMs).length < quota,
    );
    this.arrivalsMs.push(arrivesAtMs);
    if (!isAccepted) this.refused++;
    const states = this.limits.map(({ name, quota, windowMs }) => {
      const counted = inWindow(windowMs);
      const left = Math.max(0, quota - counted.length);
      const resetMs = (counted[0] ?? arrivesAtMs) + windowMs - arrivesAtMs;
      const window = this.#isNamed ? `;w=${windowMs / 1000}` : '';
      return {
        policy: `"${name}";q=${quota}${window}`,
        state: `"${name}";r=${left};t=${Math.ceil(resetMs / 1000)}`,
      };
    });
    const headers = {
      'ratelimit-policy': states.map(({ policy }) => policy).join(', '),
      ratelimit: states.map(({ state }) => state).join(', '),
    };
    return { isAccepted, headers };
  }

  /** How long so many requests take at the least. */
  leastMs(requests: number): number {
    const spansMs = this.limits.map(
      ({ quota, windowMs }) => Math.floor((requests - 1) / quota) * windowMs,
    );
    return Math.max(0, ...spansMs);
  }
}

function limit(name: string, quota: number, windowMs: number): SharedLimit {
  return { name, quota, windowMs };
}
