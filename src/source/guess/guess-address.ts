/** What the address of a list says: the name of its source and resource, and how it divides. Pure. */
import { variablePrefix } from '../file/plan-auth.js';
import { isSecretName } from '../file/secret-names.js';

export interface GuessedAddress {
  /** Origin and the part of the path that other resources are likely to share; no slash at its end. */
  readonly baseUrl: string;
  /** The rest; may be empty. */
  readonly path: string;
  readonly resource: string;
  /** Parameters that hold no secret. */
  readonly params: Readonly<Record<string, string>>;
  /** Names of parameters that hold one. */
  readonly secretParams: readonly string[];
}

/** Hosts whose own label says nothing of the API. */
const COMMON_LABELS = new Set(['www', 'api', 'apis', 'rest', 'app', 'data']);
const SECOND_LEVELS = new Set(['co', 'com', 'org', 'net', 'ac', 'gov', 'edu']);
/** Schemas that PostgreSQL has already. */
const SCHEMAS = ['public', 'information_schema'];
const VERSION = /^v\d+(?:[._]\d+)*$/i;
const SHARED = /^(?:api|rest)$/i;
const NO_NAME = /^(?:\d+|[0-9a-f-]{16,})$/i;
const FALLBACK = 'api';

/** `api.github.com` → `github`, `127.0.0.1` → `api`. @param taken names of others @returns a name that is one of a schema and of variables */
export function sourceNameOf(url: URL, taken: readonly string[]): string {
  const labels = url.hostname.toLowerCase().split('.');
  const isAddress = /^\d+$/.test(labels.at(-1) ?? '') || url.hostname.includes(':');
  if (isAddress) return FALLBACK;
  const kept = labels.length > 1 ? labels.slice(0, -1) : labels;
  const isCountry = (labels.at(-1) ?? '').length === 2;
  if (isCountry && kept.length > 1 && SECOND_LEVELS.has(kept.at(-1) ?? '')) kept.pop();
  const label = kept.findLast((one) => !COMMON_LABELS.has(one)) ?? FALLBACK;
  const name = label.replaceAll(/[^a-z0-9]/g, '_');
  const isUsable =
    /^[a-z]/.test(name) && ![...SCHEMAS, ...taken].includes(name) && !name.startsWith('pg_');
  return isUsable ? name : `${FALLBACK}_${name}`;
}

/** The variable that a source's file takes a token from. */
export function tokenVariable(sourceName: string): string {
  return `${variablePrefix(sourceName)}_TOKEN`;
}

/** @param url http or https, without user and password */
export function guessAddress(url: URL): GuessedAddress {
  const segments = url.pathname.split('/').slice(1);
  const shared = sharedCount(segments);
  const base = segments.slice(0, shared).map((segment) => `/${segment}`);
  const params: Record<string, string> = {};
  const secretParams: string[] = [];
  for (const [name, value] of url.searchParams) {
    if (isSecretName(name)) secretParams.push(name);
    else params[name] = value;
  }
  return {
    baseUrl: `${url.origin}${base.join('')}`,
    path: segments.slice(shared).join('/'),
    resource: resourceOf(segments.slice(shared)),
    params,
    secretParams: [...new Set(secretParams)],
  };
}

/** Segments at the start: up to a version, or `api` and the like; never the last one. */
function sharedCount(segments: readonly string[]): number {
  const before = segments.slice(0, -1);
  const version = before.findLastIndex((segment) => VERSION.test(segment));
  if (version !== -1) return version + 1;
  const other = before.findIndex((segment) => !SHARED.test(segment));
  return other === -1 ? before.length : other;
}

/** The last segment that is a word: `/repos/o/r/issues` → `issues`, `/items/7` → `items`. */
function resourceOf(segments: readonly string[]): string {
  const words = segments
    .map((segment) => segment.replace(/\.json$/i, ''))
    .filter((segment) => segment !== '' && !NO_NAME.test(segment));
  const name = (words.at(-1) ?? '').replaceAll(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return name.toLowerCase() || 'records';
}
