/** Colour for a terminal that has it. Node looks at NO_COLOR, TERM and the stream for us. */

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Style = keyof typeof CODES;
export type Paint = (style: Style, text: string) => string;

/** The part of a stream that tells; a file or a pipe has none of it. */
interface MaybeTerminal {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
}

export const NO_PAINT: Paint = (_, text) => text;

export function painterFor(stream: MaybeTerminal): Paint {
  if (stream.isTTY !== true || stream.hasColors?.() !== true) return NO_PAINT;
  return (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

/** The colour of a run's status. */
export function statusStyle(status: string): Style {
  if (status === 'complete') return 'green';
  return status === 'failed' ? 'red' : status === 'running' ? 'bold' : 'yellow';
}
