/** Vitest's global set-up of the integration tests: the shared server ends after the last file. */
import { stopSharedServerIfUnused } from './postgres-server.js';

export async function teardown(): Promise<void> {
  await stopSharedServerIfUnused();
}
