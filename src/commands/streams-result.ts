/** What several streams of one `ingest` come to: one status, one exit code, and each by name. */
import type { RunOutcome } from '../core/scheduler-types.js';
import { exitCodeOf, joinedResult, type StreamResult } from './each-stream.js';
import { EXIT, exitCodeForOutcome } from './exit-codes.js';

const WITH_FAILURES = 'complete_with_failures';

export interface ToldResult extends StreamResult {
  readonly message: string;
}

/** What the line of --json says of one of several streams. */
export interface NamedResult extends ToldResult {
  readonly stream: string;
}

/**
 * @param results in the order of the streams
 * @param stopped what has ended all of them; null: each has ended by itself
 */
export function resultOfStreams(
  results: readonly NamedResult[],
  stopped: RunOutcome | null,
): StreamResult {
  const failed = results.filter(isFailed);
  const [first] = failed;
  if (stopped !== null) {
    const exitCode = exitCodeForOutcome(stopped);
    const shown = results.find((result) => result.exitCode === exitCode);
    return { ...shown, exitCode, streams: results };
  }
  if (first === undefined || failed.length === results.length) {
    return { ...joinedResult(results), exitCode: exitCodeOf(failed.length > 0 ? failed : results) };
  }
  const isRestComplete = results.every((each) => isFailed(each) || isComplete(each));
  const message = failed.map(({ stream, message: why }) => `${stream}: ${why}`).join('; ');
  const status = isRestComplete ? WITH_FAILURES : 'failed';
  return { ...first, status, exitCode: EXIT.failed, message, streams: results };
}

/** The same for a person, by name; null: none has failed. */
export function failuresText(results: readonly NamedResult[]): string | null {
  const failed = results.filter(isFailed);
  if (failed.length === 0) return null;
  const complete = results.filter(isComplete).length;
  const count = `${complete} of ${results.length} streams are complete`;
  const isRestComplete = complete + failed.length === results.length;
  const title = complete > 0 && isRestComplete ? `Complete with failures: ${count}.` : `${count}.`;
  const width = Math.max(...failed.map(({ stream }) => stream.length));
  const lines = failed.map(({ stream, message }) => `  ${stream.padEnd(width)}  ${message}`);
  return [title, ...lines].join('\n');
}

/**
 * Whether another try would end the same way until a person has acted: that holds for every stream that is
 * not complete. One that was not begun waits for another, and does not count.
 */
export function isForAPerson(results: readonly StreamResult[]): boolean {
  const open = results.filter((each) => !isComplete(each) && each.status !== 'not_begun');
  return open.length > 0 && open.every(needsAPerson);
}

/** A setting or a key is refused, or rows that the source no longer has are kept. */
function needsAPerson({ exitCode, keptReason }: StreamResult): boolean {
  return exitCode === EXIT.usage || exitCode === EXIT.credentials || keptReason != null;
}

function isComplete({ exitCode }: StreamResult): boolean {
  return exitCode === EXIT.complete;
}

/** Not complete, and neither paused nor interrupted. */
function isFailed(result: StreamResult): boolean {
  const { exitCode } = result;
  return !isComplete(result) && exitCode !== EXIT.paused && exitCode !== EXIT.interrupted;
}
