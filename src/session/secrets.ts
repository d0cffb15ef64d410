/** What of the configuration must never be shown: the logger and the alerts keep it out. */
import type { Config } from '../config/config.js';

/** A shorter path, like `/alerts`, holds no token. */
const PATH_CHARS_MIN = 16;

/** @returns values, not empty; some may be ordinary words, as passwords can be */
export function secretsOf({
  target,
  database,
  traces,
  alerts,
  proxies,
  redisUrl,
}: Config): readonly string[] {
  const password =
    database.kind === 'url'
      ? [...passwordsOf(database.connectionString), database.variables.PGPASSWORD ?? '']
      : [];
  const variables = Object.entries(traces?.variables ?? {});
  const webhook = alerts === null ? [] : [...secretsOfWebhook(alerts.url), alerts.routingKey ?? ''];
  const proxy = [proxies?.httpProxy ?? '', proxies?.httpsProxy ?? ''].flatMap(passwordsOf);
  const redis = passwordsOf(redisUrl ?? '');
  return [
    ...target.secrets,
    ...redis,
    ...password,
    ...proxy,
    ...variables.flatMap(secretsOfTraces),
    ...webhook,
  ].filter(isSet);
}

/** The password of an address as it stands there; empty when it has none or is no address. */
export function passwordsOf(address: string): readonly string[] {
  if (!URL.canParse(address)) return [];
  const { password, searchParams } = new URL(address);
  return [password, searchParams.get('password') ?? ''].filter(isSet);
}

/** The parts of a webhook's address that let others use it: its path with query, user, password. */
export function secretsOfWebhook(address: string): string[] {
  const { pathname, search, username, password } = new URL(address);
  const path = `${pathname}${search}`.slice(1);
  return [...(path.length >= PATH_CHARS_MIN ? [path] : []), username, password];
}

/** A header's value has a scheme before its secret at times: `authorization=Basic%20…`. */
function secretsOfTraces([name, value]: readonly [string, string]): readonly string[] {
  if (!name.endsWith('_HEADERS')) return passwordsOf(value);
  const values = value.split(',').map((header) => header.slice(header.indexOf('=') + 1).trim());
  return values.flatMap((each) => [each, ...each.split(/\s+|%20/).slice(1)]);
}

function isSet(secret: string): boolean {
  return secret !== '';
}
