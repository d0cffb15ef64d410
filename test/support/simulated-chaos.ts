/** What befalls the members of a simulated run, and what they share, drawn from the seed. */

import { drawInteger, type Random } from './random.js';
import type { ClusterSettings } from './simulated-cluster-history.js';

export type ChaosEvent =
  | 'kill'
  | 'pause'
  | 'leave'
  | 'join'
  | 'ledgerAway'
  | 'queueAway'
  | 'queueEmptied';

/** Of each at the most. */
const MOST: Readonly<Record<ChaosEvent, number>> = {
  ...{ kill: 3, pause: 3, leave: 2, join: 3 },
  ...{ ledgerAway: 2, queueAway: 1, queueEmptied: 2 },
};
/** Of what happens, before which something befalls them. */
const SHARE = 0.004;

export class Chaos {
  readonly #random: Random;
  readonly #left: ChaosEvent[];
  #members = 0;

  constructor({ isCalm = false }: ClusterSettings, random: Random) {
    this.#random = random;
    this.#left = isCalm
      ? []
      : (Object.entries(MOST) as [ChaosEvent, number][]).flatMap(([event, most]) =>
          Array.from({ length: drawInteger(random, 0, most) }, () => event),
        );
  }

  /** A number for one more. */
  nextMember(): number {
    return ++this.#members;
  }

  /** Null: nothing befalls them now. */
  draw(): ChaosEvent | null {
    if (this.#left.length === 0 || this.#random() >= SHARE) return null;
    return this.#left.splice(drawInteger(this.#random, 0, this.#left.length - 1), 1)[0] ?? null;
  }
}
