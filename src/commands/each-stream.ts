/** A command over each of the chosen streams, one after the other, and its one result of all. */
import type { CommandContext } from './context.js';
import { EXIT } from './exit-codes.js';

/** What the line of --json says of one stream. */
export interface StreamResult {
  readonly exitCode: number;
  readonly [field: string]: unknown;
}

/**
 * @param run that was asked for, of whatever stream it is; undefined: none was
 * @returns of each chosen stream the context of its own
 */
export function streamContexts(
  context: CommandContext,
  run: number | undefined,
): readonly CommandContext[] {
  const { config, log } = context;
  if (run !== undefined) return [{ ...context, config: { ...config, streams: [config.stream] } }];
  if (config.streams.length === 1) return [context];
  return config.streams.map((stream) => ({
    ...context,
    log: log.child({ stream }),
    config: { ...config, stream },
  }));
}

/** The heading of one stream's words, where there are several. */
export function sayStream({ config, say }: CommandContext): void {
  if (config.streams.length > 1) say(`${config.source}.${config.stream}`);
}

/** That of the first stream that did not complete. */
export function exitCodeOf(results: readonly StreamResult[]): number {
  return results.find(({ exitCode }) => exitCode !== EXIT.complete)?.exitCode ?? EXIT.complete;
}

/** Of several streams the one that decides the exit code, with all of them in `streams`. */
export function joinedResult(results: readonly StreamResult[]): object {
  const exitCode = exitCodeOf(results);
  return withStreams(results, results.find((result) => result.exitCode === exitCode) ?? {});
}

/** @param shown the one of them that stands at the top */
export function withStreams(results: readonly object[], shown: object): object {
  return results.length === 1 ? shown : { ...shown, streams: results };
}
