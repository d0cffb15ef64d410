/** Opens where the events come from: the API, or the bundled simulator in a process of its own. */
import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Config, Target } from '../config/config.js';
import { proxiesFor } from '../config/proxy-settings.js';
import type { LimitKey } from '../database/ledger-types.js';
import type { Proxies } from '../protocol/fetch-messages.js';
import { sourceNamed } from '../source/registry.js';
import type { Source } from '../source/source.js';
import { spawnSimulator } from './spawn-simulator.js';
import { USER_AGENT } from './version.js';

export interface OpenSource {
  /** What its API looks like. */
  readonly spec: Source;
  readonly origin: string;
  readonly basePath: string;
  /** Of every request: who asks, and the key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Before it; null: requests go to the origin itself. */
  readonly proxies: Proxies | null;
  /** What a run is known by: stable where the simulator's port is not. */
  readonly runOrigin: string;
  /** A name for the key that reveals nothing of it. */
  readonly keyHash: string;
  /** A way to it, through its proxies. */
  openDispatcher(options: Agent.Options): Dispatcher;
  /** What the log of starts of one bucket is kept by. */
  limitKey(bucket: string): LimitKey;
  close(): void;
}

const SIMULATOR_KEY = 'simulator-key';
const SIMULATOR_PATH = '/api/v1';

/** What a run over this target is known by. */
export function runOriginOf(target: Target): string {
  if (target.kind === 'api') return `${target.origin}${target.basePath}`;
  return `simulator:seed=${target.seed},events=${target.events}`;
}

export function hashKey(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
}

/** Asks nothing of an API. @throws IngestionError when the simulator does not start */
export async function openSource(
  config: Pick<Config, 'source' | 'target' | 'proxies'>,
): Promise<OpenSource> {
  const { target } = config;
  const spec = sourceNamed(config.source);
  const runOrigin = runOriginOf(target);
  if (target.kind === 'api') {
    const { origin, basePath, apiKey } = target;
    const proxies = proxiesFor(origin, config.proxies);
    const close = (): void => {};
    return {
      spec,
      origin,
      basePath,
      runOrigin,
      close,
      ...accessOf(spec, apiKey, proxies, runOrigin),
    };
  }
  const { origin, close } = await spawnSimulator(target);
  const access = accessOf(spec, SIMULATOR_KEY, null, runOrigin);
  return { spec, origin, basePath: SIMULATOR_PATH, runOrigin, close, ...access };
}

function accessOf(
  spec: Source,
  apiKey: string,
  proxies: Proxies | null,
  runOrigin: string,
): Pick<OpenSource, 'headers' | 'proxies' | 'keyHash' | 'openDispatcher' | 'limitKey'> {
  const keyHash = hashKey(apiKey);
  return {
    headers: { ...spec.headers(apiKey), 'user-agent': USER_AGENT },
    proxies,
    keyHash,
    openDispatcher: (options) =>
      proxies === null
        ? new Agent(options)
        : new EnvHttpProxyAgent({ ...options, ...proxies, proxyTunnel: false }),
    limitKey: (bucket) => ({ origin: runOrigin, keyHash, bucket }),
  };
}
