/** What every request of the program to the API has: who asks, and the way through a proxy. */
import { type Agent, Agent as DirectAgent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Proxies } from '../protocol/fetch-messages.js';
import type { Source } from '../source/source.js';
import { USER_AGENT } from './version.js';

export function requestHeaders(source: Source, apiKey: string): Record<string, string> {
  return { ...source.headers(apiKey), 'user-agent': USER_AGENT };
}

/** @param proxies null: requests go to the API itself */
export function openDispatcher(proxies: Proxies | null, options: Agent.Options): Dispatcher {
  if (proxies === null) return new DirectAgent(options);
  return new EnvHttpProxyAgent({ ...options, ...proxies, proxyTunnel: false });
}
