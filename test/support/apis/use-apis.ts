/** Servers for the tests of a file, each closed after its test. */
import { afterEach } from 'vitest';
import type { ApiContract } from './contract.js';
import type { ApiServer } from './serve.js';
import { startApi } from './start-api.js';

export interface Apis {
  start<Stream extends string>(contract: ApiContract<Stream>): Promise<ApiServer<Stream>>;
  /** Closes a server that was started otherwise. */
  keep<Stream extends string>(server: ApiServer<Stream>): ApiServer<Stream>;
}

export function useApis(): Apis {
  const servers: ApiServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  const keep: Apis['keep'] = (server) => {
    servers.push(server);
    return server;
  };
  return { keep, start: async (contract) => keep(await startApi(contract)) };
}
