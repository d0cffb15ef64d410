/**
 * The state file: a readable copy of where the run stands. The database wins where they differ, so
 * that a lost, old or damaged file costs nothing.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

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

/** One writer of one file: writes come one after another, for they share the temporary file. */
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
    const written = this.#last.then(() => writeWhole(this.#path, state));
    this.#last = written.catch(() => {});
    try {
      await written;
    } finally {
      this.#waiting--;
    }
  }
}

/** Temporary file, fsync, rename. */
async function writeWhole(path: string, state: RunState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(state, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
