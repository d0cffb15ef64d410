/** Ends the process of an ingestion at once. */
import { EXIT } from './exit-codes.js';

/** What is in flight is lost to this process only: no page of it is committed, and the next start asks again. */
export function leave(why: string): never {
  process.stderr.write(
    `Ended at once: ${why}. Start again to go on from the last committed page.\n`,
  );
  process.exit(EXIT.interrupted);
}
