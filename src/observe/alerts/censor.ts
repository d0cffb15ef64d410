/** Takes secrets out of texts. Messages are made without them; this holds where one is not. */

const CENSORED = '[secret]';
/** Shorter ones occur by chance, and would make holes in every text. */
const SECRET_CHARS_MIN = 4;
/** A shorter path, like `/alerts`, holds no token. */
const PATH_CHARS_MIN = 16;

/** @param secrets in every form that they can be written in */
export function censorOf(secrets: readonly string[]): (text: string) => string {
  const known = secrets
    .filter((secret) => secret.length >= SECRET_CHARS_MIN)
    // One that is part of another must not leave the rest of that one standing.
    .sort((a, b) => b.length - a.length);
  return (text) => known.reduce((rest, secret) => rest.replaceAll(secret, CENSORED), text);
}

/** The parts of a webhook's address that let others use it: its path with query, user, password. */
export function secretsOfWebhook(address: string): string[] {
  const { pathname, search, username, password } = new URL(address);
  const path = `${pathname}${search}`.slice(1);
  return [
    ...(path.length >= PATH_CHARS_MIN ? [path] : []),
    ...[username, password].flatMap((part) => [part, decoded(part)]),
  ];
}

/** Percent signs read, where they can be. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
