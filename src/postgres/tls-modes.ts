/**
 * `sslmode` as psql means it. Pure.
 *
 * node-postgres has one word for all modes: TLS, with a certificate that must be trusted, and it warns on
 * standard error. So an address is turned into those that it can stand for, each in words of
 * node-postgres that say exactly one thing.
 * Source: https://www.postgresql.org/docs/current/libpq-ssl.html
 */

const WITHOUT = { sslmode: 'disable' };
const UNCHECKED = { sslmode: 'no-verify' };

type Words = Readonly<Record<string, string>>;

/** Modes that stand for one or two attempts; any other is left as it is. */
const ATTEMPTS: Readonly<Record<string, readonly Words[]>> = {
  allow: [WITHOUT, UNCHECKED],
  prefer: [UNCHECKED, WITHOUT],
  require: [{ sslmode: 'require', uselibpqcompat: 'true' }],
  'verify-ca': [{ sslmode: 'verify-ca', uselibpqcompat: 'true' }],
};

/** Where nothing is said, TLS is used where a server insists on it. */
const DEFAULT_MODE = 'allow';
const CHECKED_MODES = new Set(['require', 'verify-ca', 'verify-full']);

/**
 * The addresses to try, in this order, until one connects.
 *
 * @param variables PGSSLMODE and PGSSLROOTCERT count where the address does not say
 */
export function tlsAttempts(
  connectionString: string,
  variables: Readonly<Record<string, string | undefined>> = {},
): readonly string[] {
  if (!URL.canParse(connectionString)) return [connectionString];
  const url = new URL(connectionString);
  const words = url.searchParams;
  // Words of node-postgres alone: whoever uses them means what they say there.
  if (words.has('ssl') || words.has('uselibpqcompat')) return [connectionString];
  const host = decodeURIComponent(url.hostname) || words.get('host') || variables.PGHOST || '';
  // A socket of this machine has no TLS, whatever the mode.
  const mode = host.startsWith('/')
    ? 'disable'
    : (words.get('sslmode') ?? variables.PGSSLMODE ?? DEFAULT_MODE);
  const rootCert = variables.PGSSLROOTCERT;
  if (rootCert !== undefined && CHECKED_MODES.has(mode) && !words.has('sslrootcert')) {
    words.set('sslrootcert', rootCert);
  }
  return (ATTEMPTS[mode] ?? [{ sslmode: mode }]).map((attempt) => {
    for (const [name, value] of Object.entries(attempt)) words.set(name, value);
    return url.href;
  });
}
