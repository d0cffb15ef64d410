/**
 * The state file: a readable copy of where the run stands. The database wins where they differ, so
 * that a lost, old or damaged file costs nothing.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../files/write-whole.js';

/** The seed's form, plus the segments. */
export interface RunState {
  readonly cursor: string | null;
  readonly cursorCreatedAt: string | null;
  readonly eventsIngested: number;
  readonly rateLimitRemaining: number | null;
  readonly rateLimitResetAt: string | null;
  readonly lastUpdated: string;
  readonly status: string;
  readonly segments: readonly {
    readonly segment: number;
    readonly after: string | null;
    readonly bound: string | null;
  }[];
}

/** One writer of one file: writes come one after another, so that the last one stays. */
export class StateFile {
  readonly #path: string;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  /** Writes whole or not at all, after those under way. Rejects with the system's error. */
  async write(state: RunState): Promise<void> {
    this.#waiting++;
    const written = this.#last.then(() => writeState(this.#path, state));
    this.#last = written.catch(() => {});
    try {
      await written;
    } finally {
      this.#waiting--;
    }
  }
}

/** For its owner alone: a cursor is in it. */
const MODE = 0o600;

async function writeState(path: string, state: RunState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, `${JSON.stringify(state, null, 2)}\n`, { mode: MODE });
}
