/** Shows the runs of a ledger over HTTP, without an ingestion: from the first request to a signal. */
import type { SessionContext } from './context.js';
import { noLedgerText } from './ledger-reader.js';
import { HttpFront } from './onlookers/http-front.js';
import { openWithOrWithoutLedger } from './open-database.js';
import { UserError } from './user-error.js';

export interface Serving {
  readonly port: number;
  /** Whoever looks on is served until then. */
  readonly until: Promise<void>;
}

/** @throws UserError when the port is taken, or there is no database; IngestionError with its fault */
export async function serve(context: SessionContext, { port, until }: Serving): Promise<void> {
  const { config, log } = context;
  // A port that is taken must start no database.
  const front = await HttpFront.listen(context, { port, command: 'serve' });
  try {
    const found = await openWithOrWithoutLedger(context);
    if (found === null) throw new UserError(noLedgerText(config));
    try {
      if (!found.isLedger) log.info({ event: 'no_run' }, noLedgerText(config));
      front.connect(found.database.connectionString);
      await until;
    } finally {
      await found.database.close();
    }
  } finally {
    await front.close();
  }
}
