/** What the fetch workers of a source are given. */
import type { Config } from '../config/config.js';
import { isLoopback } from '../config/proxy-settings.js';
import type { FetchWorkerSettings } from '../protocol/fetch-messages.js';
import type { OpenSource } from './open-source.js';

type Settings =
  | 'concurrency'
  | 'fetchThreads'
  | 'headDeadlineMs'
  | 'idleDeadlineMs'
  | 'bodyBytesMax'
  | 'creditBytes';

export function fetchSettings(
  source: OpenSource,
  config: Pick<Config, Settings>,
): FetchWorkerSettings {
  const { spec, origin, basePath, origins, headers, query, proxies } = source;
  const { headDeadlineMs, idleDeadlineMs, bodyBytesMax } = config;
  return {
    baseUrl: `${origin}${basePath}`,
    ...{ origins, headers, query, proxies, headDeadlineMs, idleDeadlineMs, bodyBytesMax },
    limitHeaders: source.limitHeaders,
    followsRedirects: spec.codec === null,
    connectionsMax: Math.ceil(config.concurrency / config.fetchThreads) + 1,
    receiveBytesMax: Math.ceil(config.creditBytes / config.fetchThreads),
    // On one machine compression costs more than the bytes it saves.
    acceptsGzip: !isLoopback(origin),
  };
}
