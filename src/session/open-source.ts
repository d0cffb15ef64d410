/** Opens where the records come from: an API, or the bundled simulator in a process of its own. */
import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Config, Target } from '../config/config.js';
import { proxiesFor } from '../config/proxy-settings.js';
import { assert } from '../core/fault.js';
import type { LimitKey, StreamKey } from '../database/ledger-types.js';
import type { Proxies } from '../protocol/fetch-messages.js';
import { mergedHeaders } from '../protocol/page-request.js';
import { nowMs } from '../runtime/clock.js';
import { requestCredentials } from '../source/authentication.js';
import { changeAuth } from '../source/file/plan-texts.js';
import type { Pass } from '../source/pass.js';
import type { AuthPlan, DeclaredLimit, LimitHeaders } from '../source/plan.js';
import { codecOf, type SourceSpec, sourceOf } from '../source/registry.js';
import { sealedText } from '../source/sealed-cursors.js';
import type { Source } from '../source/source.js';
import type { OAuthPlan } from '../source/token-exchange.js';
import { spawnSimulator } from './spawn-simulator.js';
import { USER_AGENT } from './version.js';

export interface OpenSource {
  /** What its API looks like. */
  readonly spec: Source;
  /** What stands for it in the workers. */
  readonly sourceSpec: SourceSpec;
  /** Whose runs follow one another. */
  readonly streamKey: StreamKey;
  readonly origin: string;
  readonly basePath: string;
  /** Of every request: who asks, and the key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Credentials that go into the query of every request. */
  readonly query: Readonly<Record<string, string>>;
  /** Whom requests may go to, and with them the credentials; the API's own first. */
  readonly origins: readonly [string, ...string[]];
  /** How its tokens are got; null: its credentials are in `headers` and `query`. */
  readonly oauth: OAuthPlan | null;
  /** Limits that its file declares for the stream. */
  readonly limits: readonly DeclaredLimit[];
  /** Headers that tell of limits by names of its own. */
  readonly limitHeaders: readonly LimitHeaders[];
  /** Before it; null: requests go to the origin itself. */
  readonly proxies: Proxies | null;
  /** What a run is known by: stable where the simulator's port is not. */
  readonly runOrigin: string;
  /** A name for the key that reveals nothing of it. */
  readonly keyHash: string;
  /** A way to it, through its proxies. */
  openDispatcher(options: Agent.Options): Dispatcher;
  /** Another stream of it, over the same API, which it does not close. */
  of(stream: string): OpenSource;
  /** What the log of starts of one bucket is kept by. */
  limitKey(bucket: string): LimitKey;
  close(): void;
}

/** What a run over this target is known by. */
export function runOriginOf(target: Target): string {
  if (target.kind === 'api') {
    // Some APIs want their token in the path.
    return `${target.origin}${sealedText(target.basePath, target.secrets)}`;
  }
  return `simulator:seed=${target.seed},events=${target.events}`;
}

/** Which runs a configuration is about. */
export function streamKeyOf({
  source,
  stream,
  target,
}: Pick<Config, 'source' | 'stream' | 'target'>): StreamKey {
  return { source, stream, origin: runOriginOf(target) };
}

/** The same, as a run of that pass reads it. */
export function readingPass(source: OpenSource, pass: Pass): OpenSource {
  const sourceSpec = { ...source.sourceSpec, pass };
  return { ...source, sourceSpec, spec: sourceOf(sourceSpec) };
}

export function hashKey(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
}

/** Asks nothing of an API. @throws IngestionError when the simulator does not start */
export async function openSource(
  config: Pick<Config, 'source' | 'stream' | 'target' | 'proxies'>,
): Promise<OpenSource> {
  const { target, proxies } = config;
  const streamKey = streamKeyOf(config);
  if (target.kind === 'api') return openAt(target, streamKey, proxies, () => {});
  const simulator = codecOf(target.plan)?.simulator;
  assert(simulator !== undefined, 'what has no simulator is not simulated');
  const { key, path: basePath } = simulator;
  const { origin, close } = await spawnSimulator(target);
  const { plan } = target;
  const auth =
    plan.auth && changeAuth(plan.auth, (text, secrecy) => (secrecy === 'secret' ? key : text));
  return openAt(
    { origin, basePath, plan: { ...plan, auth, hosts: [] }, secrets: [] },
    streamKey,
    null,
    close,
  );
}

type Place = Omit<Extract<Target, { kind: 'api' }>, 'kind'>;

function openAt(
  place: Place,
  streamKey: StreamKey,
  proxies: Proxies | null,
  close: () => void,
  openedAtMs = nowMs(),
): OpenSource {
  const { plan, origin, basePath, secrets } = place;
  const { stream, origin: runOrigin } = streamKey;
  const { auth, hosts, limits, limitHeaders } = plan;
  const credentials = requestCredentials(auth);
  // Credentials are added to requests by themselves: no worker needs the plan's.
  const publicPlan = { ...plan, auth: withoutSecrets(auth), headers: {} };
  const sourceSpec = { plan: publicPlan, stream, nowMs: openedAtMs, secrets };
  const spec = sourceOf(sourceSpec);
  const headers = mergedHeaders({ accept: 'application/json' }, plan.headers, credentials.headers);
  const keyHash = hashKey(spec.codec === null ? JSON.stringify(auth) : spec.codec.keyText(auth));
  const usedProxies = proxiesFor(origin, proxies);
  return {
    ...{ spec, sourceSpec, streamKey, origin, basePath, runOrigin, keyHash, close },
    headers: { ...headers, 'user-agent': USER_AGENT },
    query: credentials.query,
    origins: [origin, ...hosts.filter((host) => host !== origin)],
    oauth: auth?.type === 'oauth2' ? auth : null,
    // A quota is what a codec's source assumes until an answer tells.
    limits: spec.codec === null ? limits : limits.filter(({ quota }) => quota === null),
    limitHeaders,
    proxies: usedProxies,
    openDispatcher: (options) => dispatcherThrough(usedProxies, options),
    of: (other) => openAt(place, { ...streamKey, stream: other }, proxies, () => {}, openedAtMs),
    limitKey: (bucket) => ({ origin: runOrigin, keyHash, bucket }),
  };
}

/** Names of parameters alone: links are stripped of these. */
function withoutSecrets(auth: AuthPlan | null): AuthPlan | null {
  return auth?.type === 'api_key' ? { ...auth, apiKey: '' } : null;
}

/** @param proxies null: none */
export function dispatcherThrough(proxies: Proxies | null, options: Agent.Options): Dispatcher {
  return proxies === null
    ? new Agent(options)
    : new EnvHttpProxyAgent({ ...options, ...proxies, proxyTunnel: false });
}
