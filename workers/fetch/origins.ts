/** Where the requests of a worker may go: a way to each origin that may be sent the credentials. */
import type { Dispatcher } from 'undici';
// The pool alone: the whole of undici (fetch, WebSocket, caches) costs each worker 13 MB.
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Fault } from '../../src/core/fault.js';
import type { FetchWorkerSettings } from '../../src/protocol/fetch-messages.js';

type WaySettings = Pick<
  FetchWorkerSettings,
  'origins' | 'connectionsMax' | 'proxies' | 'headDeadlineMs'
>;

export interface Ways {
  /** Null: nothing may be sent there. @param origin as `URL` writes it */
  to(origin: string): Dispatcher | null;
  close(): Promise<void>;
}

/** Connects to nothing yet. */
export async function openWays(settings: WaySettings): Promise<Ways> {
  const { origins, connectionsMax, proxies, headDeadlineMs } = settings;
  const connect = { timeout: headDeadlineMs };
  const options = { connections: connectionsMax, pipelining: 1 };
  if (proxies === null) {
    const pools = new Map(
      origins.map((origin) => [origin, new Pool(origin, { ...options, connect })]),
    );
    return {
      to: (origin) => pools.get(origin) ?? null,
      close: async () => void (await Promise.all([...pools.values()].map((pool) => pool.close()))),
    };
  }
  const { EnvHttpProxyAgent } = await import('undici');
  const toProxy = { proxyTls: connect, requestTls: connect };
  // Proxies seldom let a tunnel lead to a port that is not one of TLS.
  const proxied = { ...options, ...proxies, ...toProxy, connect, proxyTunnel: false };
  const agent = new EnvHttpProxyAgent(proxied);
  return {
    to: (origin) => (origins.includes(origin) ? agent : null),
    close: () => agent.close(),
  };
}

/**
 * For an address that lies elsewhere. Its path and query may hold anything, and are not named.
 *
 * @param redirectStatus of the answer that leads there; null: the request was for it
 */
export function strangeOrigin({ protocol, host }: URL, redirectStatus: number | null): Fault {
  const origin = `${protocol}//${host}`;
  const what =
    redirectStatus === null
      ? `the address of a page is at ${origin}`
      : `HTTP ${redirectStatus}: the API redirects to ${origin}`;
  return {
    code: 'CONTRACT',
    message: `${what}, to which nothing is sent`,
    retryable: false,
    ...(redirectStatus !== null && { status: redirectStatus }),
    remedy: 'List it under hosts in x-ingestion, if it may be sent the credentials',
  };
}

/** For a text that an API gave as the address of a page. */
export function noAddress(): Fault {
  return {
    code: 'CONTRACT',
    message: 'the address of a page is no absolute URL',
    retryable: false,
    remedy: 'Check the base_url and the paths of the source; a link may be relative to its page',
  };
}
