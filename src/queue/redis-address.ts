/** REDIS_URL, taken apart. Its password is in no text that comes from here. */

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Which of the numbered databases of the server. */
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly isTls: boolean;
  /** Host and port: what may be shown of it. */
  readonly shownAs: string;
}

const DEFAULT_PORT = 6379;
const FORM = 'It is to read redis://[user:password@]host[:port][/number], or rediss:// for TLS';

/** @returns what is wrong with the URL where it is none of Redis's, as a sentence */
export function readRedisUrl(text: string): RedisAddress | string {
  if (!URL.canParse(text)) return `REDIS_URL is not a URL. ${FORM}`;
  const url = new URL(text);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    return `REDIS_URL begins with ${url.protocol}. ${FORM}`;
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') return `REDIS_URL names no host. ${FORM}`;
  const path = url.pathname.replace(/^\//, '');
  if (!/^\d{0,4}$/.test(path)) {
    return `REDIS_URL has a path that is not the number of a database. ${FORM}`;
  }
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  return {
    host,
    port,
    db: Number(path),
    username: url.username === '' ? null : decoded(url.username),
    password: url.password === '' ? null : decoded(url.password),
    isTls: url.protocol === 'rediss:',
    shownAs: `${url.hostname}:${port}`,
  };
}

/** A percent sign that encodes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
