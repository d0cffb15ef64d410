/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower case too, as curl and others read them. */
import type { Proxies } from '../protocol/fetch-messages.js';
import type { ConfigFault } from './config.js';
import type { Environment } from './environment.js';

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY'] as const;
const PROXY_SCHEME = /^(?:https?|socks5?):$/;

/** Null: no proxy is set. */
export function readProxies(environment: Environment): Proxies | null {
  const [httpProxy, httpsProxy] = PROXY_VARIABLES.map((name) => addressOf(environment, name));
  if (!httpProxy && !httpsProxy) return null;
  const noProxy = variable(environment, 'NO_PROXY') ?? '';
  return { httpProxy: httpProxy ?? '', httpsProxy: httpsProxy ?? '', noProxy };
}

export function proxyFaults(environment: Environment): ConfigFault[] {
  return PROXY_VARIABLES.flatMap((setting) => {
    const address = addressOf(environment, setting);
    if (address === '' || isProxyAddress(address)) return [];
    return [{ setting, message: 'takes the http, https or socks5 URL of a proxy' }];
  });
}

/** The proxies for an address; none stands before this machine itself. */
export function proxiesFor(address: string, proxies: Proxies | null): Proxies | null {
  return isLoopback(address) ? null : proxies;
}

export function isLoopback(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** With a scheme, which many leave out. `''`: not set. */
function addressOf(environment: Environment, name: string): string {
  const text = variable(environment, name) ?? '';
  return text === '' || text.includes('://') ? text : `http://${text}`;
}

function isProxyAddress(address: string): boolean {
  return URL.canParse(address) && PROXY_SCHEME.test(new URL(address).protocol);
}

function variable(environment: Environment, name: string): string | undefined {
  return environment[name.toLowerCase()] ?? environment[name];
}
