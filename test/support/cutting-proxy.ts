/** A TCP proxy before PostgreSQL, or any other server, that can cut a connection at a chosen instant. */

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
  /** The same where the client's words hold `text`, which the server then never sees. */
  cutAtRequest(text: string): Promise<void>;
  /** Cuts every connection on the client's side; the server is not told until it next answers. */
  cutClients(): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(connectionString: string): Promise<CuttingProxy> {
  const target = new URL(connectionString);
  const pairs = new Set<{ client: Socket; server: Socket }>();
  interface Trap {
    readonly side: 'request' | 'answer';
    readonly text: string;
    readonly sprung: () => void;
  }
  let trap: Trap | null = null;
  const set = (side: Trap['side'], text: string): Promise<void> =>
    new Promise((sprung) => {
      trap = { side, text, sprung };
    });

  const listener = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    const springs = (side: Trap['side'], bytes: Buffer): boolean => {
      if (trap?.side !== side || !bytes.includes(trap.text)) return false;
      trap.sprung();
      trap = null;
      client.destroy();
      server.destroy();
      return true;
    };
    client.on('data', (bytes) => {
      if (!springs('request', bytes)) server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (!springs('answer', bytes) && !client.destroyed) client.write(bytes);
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
    cutAtAnswer: (text) => set('answer', text),
    cutAtRequest: (text) => set('request', text),
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
