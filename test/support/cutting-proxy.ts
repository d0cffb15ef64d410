/**
 * A TCP proxy before PostgreSQL, or any other server, that can cut a connection at a chosen instant, or
 * stand still: as a frozen server does, it accepts connections and forwards nothing.
 */

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
  /** The same at the n-th piece that the server sends from now on; 1: the next. */
  cutAtPiece(n: number): Promise<void>;
  /** The same where the client's words hold `text`, which the server then never sees. */
  cutAtRequest(text: string): Promise<void>;
  /** Stands still from the first of the client's words that hold all `texts`, which the server never sees. */
  freezeAtRequest(...texts: string[]): Promise<void>;
  freeze(): void;
  /** Forwards again. Connections that have stood still are cut: what was said on them is lost. */
  thaw(): void;
  /** Closes every connection on the server's side; the client is told nothing, now or later. */
  cutServers(): void;
  /** Cuts every connection on the client's side; the server is not told until it next answers. */
  cutClients(): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(connectionString: string): Promise<CuttingProxy> {
  const target = new URL(connectionString);
  const pairs = new Set<{ client: Socket; server: Socket }>();
  const silenced = new Set<object>();
  interface Trap {
    readonly side: 'request' | 'answer';
    readonly does: 'cut' | 'freeze';
    readonly isIt: (bytes: Buffer) => boolean;
    readonly sprung: () => void;
  }
  let trap: Trap | null = null;
  const set = (side: Trap['side'], isIt: Trap['isIt'], does: Trap['does'] = 'cut'): Promise<void> =>
    new Promise((sprung) => {
      trap = { side, does, isIt, sprung };
    });
  const holds =
    (...texts: string[]) =>
    (bytes: Buffer) =>
      texts.every((text) => bytes.includes(text));
  let isFrozen = false;

  // A client that has said its last words is still waiting for those of the server.
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    const springs = (side: Trap['side'], bytes: Buffer): boolean => {
      if (trap?.side !== side || !trap.isIt(bytes)) return false;
      const { does, sprung } = trap;
      trap = null;
      if (does === 'freeze') isFrozen = true;
      else {
        client.destroy();
        server.destroy();
      }
      sprung();
      return true;
    };
    client.on('data', (bytes) => {
      if (!isFrozen && !springs('request', bytes)) server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (!isFrozen && !springs('answer', bytes) && !client.destroyed) client.write(bytes);
    });
    client.on('end', () => {
      if (!isFrozen) server.end();
    });
    server.on('close', () => {
      if (isFrozen || silenced.has(pair)) return;
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
    cutAtAnswer: (text) => set('answer', holds(text)),
    cutAtPiece(n) {
      let left = n;
      return set('answer', () => --left <= 0);
    },
    cutAtRequest: (text) => set('request', holds(text)),
    freezeAtRequest: (...texts) => set('request', holds(...texts), 'freeze'),
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
    },
    cutServers() {
      for (const pair of pairs) {
        silenced.add(pair);
        pair.server.destroy();
      }
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
