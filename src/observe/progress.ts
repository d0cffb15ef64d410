/**
 * Progress: one line that is redrawn on a terminal, a line now and then elsewhere, nothing when it
 * is turned off.
 */

const REDRAW_MS = 200;

type Pace = readonly { readonly untilMs: number; readonly everyMs: number }[];

/** Elsewhere: often at first, then seldom. */
const LINES: Pace = [
  { untilMs: 60_000, everyMs: 5_000 },
  { untilMs: 600_000, everyMs: 30_000 },
  { untilMs: Number.POSITIVE_INFINITY, everyMs: 120_000 },
];
/** Into a log, so that an hour's is a page with all else that it says. */
const RECORDS: Pace = [
  { untilMs: 30_000, everyMs: 5_000 },
  { untilMs: 300_000, everyMs: 60_000 },
  { untilMs: 3_600_000, everyMs: 300_000 },
  { untilMs: Number.POSITIVE_INFINITY, everyMs: 900_000 },
];

export type ProgressMode = 'terminal' | 'lines' | 'off';

/** @param isQuiet nothing is wanted but the result */
export function progressMode(stream: NodeJS.WriteStream, isQuiet: boolean): ProgressMode {
  if (isQuiet) return 'off';
  return stream.isTTY ? 'terminal' : 'lines';
}

export interface ProgressOptions {
  readonly stream: NodeJS.WriteStream;
  readonly mode: ProgressMode;
  /** The line to show now, without a line end. */
  readonly render: () => string;
  /** Says it where there is no terminal. @default a line on the stream */
  readonly record?: () => void;
}

/** Shows a line on standard error while `work` is under way. @param isQuiet see `progressMode` */
export async function whileShown<T>(
  { render, isQuiet }: Pick<ProgressOptions, 'render'> & { readonly isQuiet: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const stream = process.stderr;
  const progress = new Progress({ stream, mode: progressMode(stream, isQuiet), render });
  progress.start();
  try {
    return await work();
  } finally {
    progress.stop();
  }
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #startedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.mode !== 'off') this.#schedule();
  }

  /** Clears the line, so that what is printed next starts on a fresh one. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#options.mode === 'terminal') this.#options.stream.write('\r\u001b[2K');
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#draw();
      this.#schedule();
    }, this.#delayMs());
    this.#timer.unref();
  }

  #delayMs(): number {
    const { mode, record } = this.#options;
    if (mode === 'terminal') return REDRAW_MS;
    const elapsedMs = performance.now() - this.#startedAtMs;
    const pace = record === undefined ? LINES : RECORDS;
    return pace.find((line) => elapsedMs < line.untilMs)?.everyMs ?? REDRAW_MS;
  }

  #draw(): void {
    const { stream, mode, render, record } = this.#options;
    if (mode === 'terminal') {
      // A terminal that does not know its width says 0.
      stream.write(`\r\u001b[2K${render().slice(0, (stream.columns || 80) - 1)}`);
    } else if (record === undefined) stream.write(`${render()}\n`);
    else record();
  }
}
