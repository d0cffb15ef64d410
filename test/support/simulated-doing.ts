/**
 * What a simulated process does one step after the other, as an async function of the program would: a generator
 * that yields what it waits for.
 */
import { type Fault, IngestionError } from '../../src/core/fault.js';

/** Goes on with `resume`, or with `fail`; once. */
export type Step = (resume: (value: unknown) => void, fail: (fault: Fault) => void) => void;

export type Doing<T> = Generator<Step, T, unknown>;

/** @param failed of an IngestionError; a bug is thrown */
export function start<T>(
  doing: Doing<T>,
  done: (value: T) => void,
  failed: (fault: Fault) => void,
): void {
  const go = (advance: () => IteratorResult<Step, T>): void => {
    let result: IteratorResult<Step, T>;
    try {
      result = advance();
    } catch (error) {
      if (!(error instanceof IngestionError)) throw error;
      return failed(error.fault);
    }
    if (result.done === true) return done(result.value);
    result.value(
      (value) => go(() => doing.next(value)),
      (fault) => go(() => doing.throw(new IngestionError(fault))),
    );
  };
  go(() => doing.next());
}

/** One step, of which its value is known. */
export function* take<T>(
  step: (resume: (value: T) => void, fail: (fault: Fault) => void) => void,
): Doing<T> {
  return (yield step as Step) as T;
}

/** One after the other, in the order in which they were told. */
export class DoingQueue {
  #waiting: (() => void)[] = [];
  #isBusy = false;
  #idle: (() => void)[] = [];

  add<T>(doing: () => Doing<T>, done: (value: T) => void, failed: (fault: Fault) => void): void {
    this.#waiting.push(() => {
      const next = <Args extends unknown[]>(tell: (...args: Args) => void) => {
        return (...args: Args): void => {
          tell(...args);
          this.#next();
        };
      };
      start(doing(), next(done), next(failed));
    });
    if (!this.#isBusy) this.#next();
  }

  /** When its turn has come. */
  *inTurn<T>(doing: () => Doing<T>): Doing<T> {
    return yield* take<T>((resume, fail) => this.add(doing, resume, fail));
  }

  /** Once all that was told is done. */
  *onIdle(): Doing<void> {
    if (this.#isBusy) yield* take<void>((resume) => this.#idle.push(resume));
  }

  #next(): void {
    const work = this.#waiting.shift();
    this.#isBusy = work !== undefined;
    if (work !== undefined) return work();
    for (const resume of this.#idle.splice(0)) resume();
  }
}
