/**
 * Which streams of a process may begin: those whose parents are complete, so many at once.
 *
 *   waiting ──parents complete, a place is free──▶ under way ──▶ complete or not
 *      └──a parent is not complete, or all is stopped──▶ not begun
 */

export interface QueuedStream {
  readonly name: string;
  /** Streams whose rows it reads. */
  readonly parents: readonly string[];
}

export type QueueStep =
  | { readonly type: 'begin'; readonly stream: string }
  | { readonly type: 'notBegun'; readonly stream: string; readonly reason: string };

export class StreamQueue {
  readonly #atOnceMax: number;
  #waiting: readonly QueuedStream[];
  #underWay = 0;
  /** Why a stream is not complete; null: it is. */
  readonly #ended = new Map<string, string | null>();

  constructor(streams: readonly QueuedStream[], atOnceMax: number) {
    this.#waiting = streams;
    this.#atOnceMax = atOnceMax;
  }

  /** @param stopped why nothing begins any more; null: it does */
  next(stopped: string | null): QueueStep[] {
    const steps: QueueStep[] = [];
    // A stream that is not begun may be the parent of another one.
    for (let before = -1; before !== steps.length; ) {
      before = steps.length;
      this.#waiting = this.#waiting.filter((stream) => {
        const step = this.#stepOf(stream, stopped);
        if (step !== null) steps.push(step);
        return step === null;
      });
    }
    return steps;
  }

  /** @param obstacle why it is not complete, as in "its parent X …"; null: it is */
  ended(stream: string, obstacle: string | null): void {
    this.#underWay--;
    this.#ended.set(stream, obstacle);
  }

  #stepOf({ name, parents }: QueuedStream, stopped: string | null): QueueStep | null {
    const broken = parents.find((parent) => typeof this.#ended.get(parent) === 'string');
    const reason =
      stopped ?? (broken === undefined ? null : `its parent ${broken} ${this.#ended.get(broken)}`);
    if (reason !== null) {
      this.#ended.set(name, 'is not begun');
      return { type: 'notBegun', stream: name, reason: `not begun: ${reason}` };
    }
    const isReady = parents.every((parent) => this.#ended.get(parent) === null);
    if (!isReady || this.#underWay >= this.#atOnceMax) return null;
    this.#underWay++;
    return { type: 'begin', stream: name };
  }
}
