/** A way to PostgreSQL that takes time: what is said on either side arrives half a round trip later. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface LatencyProxy {
  /** The same database, further away. */
  readonly connectionString: string;
  close(): Promise<void>;
}

export async function startLatencyProxy(
  connectionString: string,
  roundTripMs: number,
): Promise<LatencyProxy> {
  const target = new URL(connectionString);
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    carry(client, server, roundTripMs / 2);
    carry(server, client, roundTripMs / 2);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(connectionString);
  url.hostname = '127.0.0.1';
  url.port = String((listener.address() as AddressInfo).port);
  return {
    connectionString: url.href,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Timers of one length fire in the order in which they were set, so that bytes keep theirs. */
function carry(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('close', () => setTimeout(() => to.destroy(), delayMs));
}
