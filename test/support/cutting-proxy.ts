/** A TCP proxy before PostgreSQL that can cut a connection at a chosen instant. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  /** The same database, through the proxy. */
  readonly connectionString: string;
  /**
   * Cuts the next connection on which the server's answer holds `text`, and withholds that answer.
   * Resolves once it has happened.
   */
  cutAtAnswer(text: string): Promise<void>;
  /** Cuts every connection on the client's side; the server is not told until it next answers. */
  cutClients(): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(connectionString: string): Promise<CuttingProxy> {
  const target = new URL(connectionString);
  const pairs = new Set<{ client: Socket; server: Socket }>();
  let trap: { readonly text: string; readonly sprung: () => void } | null = null;

  const listener = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => {
      if (trap !== null && bytes.includes(trap.text)) {
        trap.sprung();
        trap = null;
        client.destroy();
        server.destroy();
        return;
      }
      if (!client.destroyed) client.write(bytes);
    });
    client.on('end', () => server.end());
    server.on('close', () => {
      pairs.delete(pair);
      client.destroy();
    });
    for (const socket of [client, server]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = new URL(connectionString);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);

  return {
    connectionString: url.href,
    cutAtAnswer(text) {
      return new Promise((sprung) => {
        trap = { text, sprung };
      });
    },
    cutClients() {
      for (const { client } of pairs) client.destroy();
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
