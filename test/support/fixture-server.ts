/** A local HTTP server whose answers a test writes itself. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FixtureServer {
  readonly origin: string;
  readonly server: Server;
  /** Every request so far. */
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

/** Starts a server on 127.0.0.1 that answers with `listener`. */
export async function startFixtureServer(listener: RequestListener): Promise<FixtureServer> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    server,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
