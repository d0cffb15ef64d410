/** One line of progress on a terminal for several streams, which would else draw over each other's. */
import { formatCount, shareOf } from './eta.js';
import { fitLine } from './fit-line.js';
import { Progress } from './progress.js';
import type { RunProgress } from './run-line.js';

export class JoinedProgress {
  readonly #streams = new Map<string, () => RunProgress>();
  readonly #progress: Progress;

  constructor(stream: NodeJS.WriteStream) {
    this.#progress = new Progress({
      stream,
      mode: 'terminal',
      render: () => joinedLine([...this.#streams].map(([name, read]) => [name, read()])),
    });
  }

  /** @param read how far the stream is */
  add(name: string, read: () => RunProgress): void {
    this.#streams.set(name, read);
    if (this.#streams.size === 1) this.#progress.start();
  }

  /** The line goes with the last of them. */
  remove(name: string): void {
    if (this.#streams.delete(name) && this.#streams.size === 0) this.#progress.stop();
  }
}

/** At most 79 columns. */
export function joinedLine(streams: readonly (readonly [string, RunProgress])[]): string {
  const rate = streams.reduce((sum, [, { eventsPerSecond }]) => sum + eventsPerSecond, 0);
  const short = streams.map(([name, progress]) => `${name} ${howFar(progress)}`);
  const full = streams.map(
    ([name, progress]) => `${name} ${howFar(progress)} ${formatCount(progress.eventsPerSecond)}/s`,
  );
  return fitLine([
    full.join(' | '),
    `${short.join(' | ')}, ${formatCount(rate)}/s`,
    `${streams.length} streams, ${formatCount(rate)}/s: ${short.join(' | ')}`,
  ]);
}

function howFar({ eventsIngested, total }: RunProgress): string {
  const share = shareOf(eventsIngested, total);
  return share === null ? formatCount(eventsIngested) : `${(share * 100).toFixed(1)} %`;
}
