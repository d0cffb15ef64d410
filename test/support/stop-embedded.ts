/** Ends an embedded server, whoever has started it. */
import { resolveFolder } from '../../src/database/server-folder.js';
import { stopServer } from '../../src/database/server-process.js';

/** @returns false when none ran */
export async function stopEmbeddedPostgres(dataFolder: string): Promise<boolean> {
  return stopServer(await resolveFolder(dataFolder));
}
