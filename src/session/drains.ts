/** The engines of a process as one: a signal drains them all, and so does what concerns all of them. */
import type { RunOutcome } from '../core/scheduler-types.js';
import type { Logger } from '../observe/logger.js';
import { type Drained, drainOnSignal } from './drain-on-signal.js';

export interface DrainsParts {
  readonly log: Pick<Logger, 'info'>;
  /** Ends the process at once, with the reason. */
  readonly leave: (why: string) => void;
}

export class Drains implements Drained {
  readonly #members = new Set<Drained>();
  #outcome: RunOutcome | null = null;
  #stopListening = (): void => {};

  /** Why nothing more is to begin; null: it may. */
  get outcome(): RunOutcome | null {
    return this.#outcome;
  }

  /** An engine begins: signals are listened for while there is any. @returns ends that for this one */
  add(engine: Drained, parts: DrainsParts): () => void {
    if (this.#members.size === 0) {
      this.#stopListening = drainOnSignal(this, parts.log, parts.leave);
    }
    this.#members.add(engine);
    if (this.#outcome !== null) engine.drain(this.#outcome);
    return () => {
      if (this.#members.delete(engine) && this.#members.size === 0) this.#stopListening();
    };
  }

  drain(outcome: RunOutcome): void {
    this.#outcome ??= outcome;
    for (const engine of this.#members) engine.drain(outcome);
  }

  async cutOff(): Promise<void> {
    await Promise.all([...this.#members].map((engine) => engine.cutOff()));
  }
}
