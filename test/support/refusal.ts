import { IngestionError } from '../../src/core/fault.js';

/** The error that a call is refused with; throws when it succeeds or fails in another way. */
export async function refusalOf(promise: Promise<unknown>): Promise<IngestionError> {
  const error = await promise.then(() => null).catch((thrown: unknown) => thrown);
  if (!(error instanceof IngestionError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}
