/** What a person and a script need of an error that ended a command. */
import { IngestionError } from '../core/fault.js';
import { UserError } from '../session/user-error.js';
import { EXIT, exitCodeForFault } from './exit-codes.js';

export interface Failure {
  readonly exitCode: number;
  readonly message: string;
  /** The code of its fault; null: it has none. */
  readonly fault: string | null;
}

/** @returns null where the error is a bug */
export function failureOf(error: unknown): Failure | null {
  if (error instanceof UserError) {
    return { exitCode: EXIT[error.kind], message: error.message, fault: null };
  }
  if (error instanceof IngestionError) {
    const { code } = error.fault;
    return { exitCode: exitCodeForFault(error.fault), message: error.message, fault: code };
  }
  return null;
}
