/**
 * The JSON object of --json, which is the last line of standard output however a command ends: with a
 * result, with an error, or with a signal.
 */
import { EXIT } from './exit-codes.js';

/** Why a command ended without a result. */
export interface FailureResult {
  readonly status: 'failed' | 'paused' | 'interrupted';
  readonly exitCode: number;
  readonly message: string;
  /** The code of the fault that ended it; null: it was none. */
  readonly fault: string | null;
}

let stream: NodeJS.WritableStream = process.stdout;
let isWritten = false;

/** From here on the line goes to standard error: standard output is what the command exports. */
export function sayResultOnStandardError(): void {
  stream = process.stderr;
}

export function writeResult(value: object): void {
  isWritten = true;
  stream.write(`${JSON.stringify(value)}\n`);
}

/** Adds the line for a command that ended without one. */
export function writeFailure(exitCode: number, message: string, fault: string | null = null): void {
  if (isWritten || exitCode === EXIT.complete) return;
  writeResult(failureResult(exitCode, message, fault));
}

export function failureResult(
  exitCode: number,
  message: string,
  fault: string | null,
): FailureResult {
  return { status: statusFor(exitCode), exitCode, message, fault };
}

/** A signal, or an error that nobody caught, leaves no other moment to say it. */
export function writeFailureOnExit(): void {
  process.once('exit', (exitCode) => {
    const isSignal = exitCode === EXIT.interrupted;
    writeFailure(
      exitCode,
      isSignal ? 'interrupted by a signal' : 'ended early: see standard error',
    );
  });
}

function statusFor(exitCode: number): FailureResult['status'] {
  if (exitCode === EXIT.interrupted) return 'interrupted';
  return exitCode === EXIT.paused ? 'paused' : 'failed';
}
