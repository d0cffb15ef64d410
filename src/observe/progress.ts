/**
 * Progress: one line that is redrawn on a terminal, a line now and then elsewhere, nothing when it
 * is turned off.
 */

const REDRAW_MS = 200;
/** Elsewhere: often at first, then seldom, so that an hour's log is a page. */
const LINES = [
  { untilMs: 60_000, everyMs: 5_000 },
  { untilMs: 600_000, everyMs: 30_000 },
  { untilMs: Number.POSITIVE_INFINITY, everyMs: 120_000 },
] as const;

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
    if (this.#options.mode === 'terminal') return REDRAW_MS;
    const elapsedMs = performance.now() - this.#startedAtMs;
    return LINES.find((line) => elapsedMs < line.untilMs)?.everyMs ?? REDRAW_MS;
  }

  #draw(): void {
    const { stream, mode, render } = this.#options;
    if (mode === 'lines') stream.write(`${render()}\n`);
    else stream.write(`\r\u001b[2K${render().slice(0, (stream.columns ?? 80) - 1)}`);
  }
}
