/**
 * Limit dialects: each family of limit headers, read into statements about single limits. The list of
 * families stands in limit-headers.ts.
 */
import { readTime, SPAN_MS_MAX, type TimeSaid, withUnitOf } from './header-time.js';
import type { LimitStatement } from './limit-headers.js';
import { consistent, count, limitStatement, positive } from './limit-statement.js';
import { type BareItem, type Item, parseDictionary, parseList } from './structured-fields.js';

type Headers = Readonly<Record<string, string>>;

const DAY_MS = 86_400_000;
const SHOPIFY = 'x-shopify-shop-api-call-limit';
const PLAIN_FAMILY = /^((?:x-)?rate-?limit)(?:-(.+))?$/;
const ROLES = ['limit', 'remaining', 'reset', 'used'] as const;
/** Words in a header's name that say what is counted; those that are not requests pace nothing here. */
const OTHER_UNITS = new Set(['tokens', 'bytes', 'points', 'credits', 'cost', 'connections']);
const PERIOD_MS: Readonly<Record<string, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
};

/** Behind `reset`: what it counts, and no limit's name. */
const RESET_WORDS = new Set(['after', 'ms', 'milliseconds', 'seconds', 'in']);

type Role = (typeof ROLES)[number];

/** What the headers of an answer say of each limit; some statements may say nothing. */
export function limitStatements(headers: Headers, answerMs: number): LimitStatement[] {
  return [
    ...structuredStatements(headers, answerMs),
    ...plainStatements(headers, answerMs),
    ...hubspotStatements(headers),
    ...shopifyStatements(headers),
    ...zendeskStatements(headers, answerMs),
  ];
}

function structuredStatements(headers: Headers, answerMs: number): LimitStatement[] {
  const policies = parseList(headers['ratelimit-policy'] ?? '') ?? [];
  const text = headers.ratelimit ?? '';
  const isDraft07 = /^\s*(?:limit|remaining|reset)\s*=/.test(text);
  if (isDraft07) return draft07Statements(text, policies, answerMs);

  const named = new Map(policies.map((policy) => [policy.value, policy]));
  const statements: LimitStatement[] = [];
  for (const item of parseList(text) ?? []) {
    const policy = named.get(item.value);
    named.delete(item.value);
    if (policy !== undefined && !countsRequests(policy)) continue;
    const leftMs = secondsAsMs(item.parameters.get('t'));
    statements.push(
      limitStatement({
        ...(policy === undefined ? nameOf(item) : policyStatement(policy)),
        ...consistent(
          policy === undefined ? null : policyQuota(policy),
          count(item.parameters.get('r')),
        ),
        // The standard fixes `t` as seconds, so that no magnitude needs to be judged.
        reset: leftMs === null ? null : seconds(leftMs),
      }),
    );
  }
  for (const policy of named.values()) {
    if (countsRequests(policy)) statements.push(policyStatement(policy));
  }
  return statements;
}

/** Draft 07: `limit=100, remaining=50, reset=5`, with `100;w=60` beside it. */
function draft07Statements(
  text: string,
  policies: readonly Item[],
  answerMs: number,
): LimitStatement[] {
  const members = parseDictionary(text);
  const quota = positive(members?.get('limit')?.value);
  const reset = members?.get('reset')?.value;
  const own = policies.find((policy) => policyQuota(policy) === quota);
  const others = policies.filter((policy) => policy !== own && countsRequests(policy));
  return [
    limitStatement({
      ...(own === undefined ? {} : policyStatement(own)),
      name: 'ratelimit',
      quota,
      remaining: count(members?.get('remaining')?.value),
      reset: reset === undefined ? null : readTime(String(reset), answerMs),
    }),
    ...others.map(policyStatement),
  ];
}

function policyStatement(policy: Item): LimitStatement {
  const windowMs = secondsAsMs(policy.parameters.get('w'));
  return limitStatement({
    ...nameOf(policy),
    quota: policyQuota(policy),
    windowMs: windowMs === 0 ? null : windowMs,
    windowUnitMs: unitOf(policy.parameters.get('w')),
  });
}

function nameOf({ value, parameters }: Item): { name: string } {
  const name = typeof value === 'number' ? `${value};w=${parameters.get('w') ?? ''}` : value;
  return { name: `ratelimit "${name}"` };
}

/** Up to draft 07 the item itself is the quota: `100;w=60`. Later it is a name, with `q`. */
function policyQuota(policy: Item): number | null {
  return positive(typeof policy.value === 'number' ? policy.value : policy.parameters.get('q'));
}

/** Bytes and connections have limits of their own, which pacing requests cannot keep. */
function countsRequests(policy: Item): boolean {
  const unit = policy.parameters.get('qu');
  return unit === undefined || unit === 'requests';
}

function plainStatements(headers: Headers, answerMs: number): LimitStatement[] {
  const families = new Map<string, Partial<Record<Role, string>>>();
  for (const [header, text] of Object.entries(headers)) {
    const [, prefix, rest = prefix === 'x-rate-limit' ? 'limit' : ''] =
      PLAIN_FAMILY.exec(header) ?? [];
    const part = prefix === undefined ? null : readRole(rest);
    if (part === null) continue;
    const name = part.group === '' ? `${prefix}` : `${prefix}-${part.group}`;
    const family = families.get(name) ?? {};
    const value = part.role === 'reset' ? withUnitOf(header, text) : text;
    // `X-Rate-Limit` is short for `X-Rate-Limit-Limit`, which wins; so does the reset that names its unit.
    const isSecond = header === 'x-rate-limit' || (part.role === 'reset' && value === text);
    family[part.role] = isSecond ? (family[part.role] ?? value) : value;
    families.set(name, family);
  }
  return [...families].flatMap(([name, family]) => familyStatements(name, family, answerMs));
}

/** `limit-short`, `short-limit`, `pathlimit`, `reset-after`. @returns null: no role of a limit */
function readRole(rest: string): { readonly role: Role; readonly group: string } | null {
  const words = rest.split('-').filter((word) => word !== '' && word !== 'requests');
  const index = words.findIndex((word) => ROLES.some((role) => word.endsWith(role)));
  const word = words[index];
  const role = ROLES.find((known) => word?.endsWith(known));
  if (word === undefined || role === undefined) return null;
  const before = word.slice(0, -role.length);
  const isTime = role === 'reset' && RESET_WORDS.has(words[index + 1] ?? '');
  const behind = isTime ? index + 2 : index + 1;
  const group = [...words.slice(0, index), before, ...words.slice(behind)].filter(
    (one) => one !== '',
  );
  return group.some((one) => OTHER_UNITS.has(one)) ? null : { role, group: group.join('-') };
}

/** Several limits that a chain of proxies wrote under one name stand in one header, in one order. */
function familyStatements(
  name: string,
  { limit = '', remaining, reset, used }: Partial<Record<Role, string>>,
  answerMs: number,
): LimitStatement[] {
  const left = (remaining ?? '').split(',');
  const quotas = limit.split(',');
  const isJoined = quotas.length > 1 && quotas.length === left.length;
  if (isJoined && quotas.every((text) => positive(text) !== null)) {
    const resets = (reset ?? '').split(',');
    return quotas.map((quota, index) =>
      familyStatement(
        `${name} #${index + 1}`,
        { limit: quota, remaining: left[index], reset: resets[index] },
        answerMs,
      ),
    );
  }
  return [familyStatement(name, { limit, remaining, reset, used }, answerMs)];
}

function familyStatement(
  name: string,
  said: Partial<Record<Role, string | undefined>> & { readonly limit: string },
  answerMs: number,
): LimitStatement {
  // Drafts up to 06: the first number is the limit in force, the items after it are policies.
  const [first = '', ...policyTexts] = said.limit.split(',');
  const quota = positive(first.split(';')[0]);
  const policy = [first, ...policyTexts]
    .flatMap((text) => parseList(text) ?? [])
    .filter((item) => item.parameters.has('w'))
    .find((item) => policyQuota(item) === quota);
  const usedCount = count(said.used);
  const period = Object.keys(PERIOD_MS).find((word) => name.endsWith(word));
  return limitStatement({
    ...(policy === undefined ? {} : policyStatement(policy)),
    ...(policy === undefined && period !== undefined
      ? { windowMs: PERIOD_MS[period], windowUnitMs: 1 }
      : {}),
    name,
    quota,
    remaining:
      count(said.remaining) ??
      (quota === null || usedCount === null ? null : Math.max(0, quota - usedCount)),
    reset: said.reset === undefined ? null : readTime(said.reset, answerMs),
  });
}

function hubspotStatements(headers: Headers): LimitStatement[] {
  const prefix = 'x-hubspot-ratelimit';
  const intervalMs = positive(headers[`${prefix}-interval-milliseconds`]);
  return [
    limitStatement({
      name: prefix,
      quota: positive(headers[`${prefix}-max`]),
      remaining: count(headers[`${prefix}-remaining`]),
      windowMs: intervalMs !== null && intervalMs <= SPAN_MS_MAX ? intervalMs : null,
      windowUnitMs: 1,
    }),
    limitStatement({
      name: `${prefix}-daily`,
      quota: positive(headers[`${prefix}-daily`]),
      remaining: count(headers[`${prefix}-daily-remaining`]),
      windowMs: headers[`${prefix}-daily`] === undefined ? null : DAY_MS,
      windowUnitMs: 1,
    }),
  ];
}

/** A leaky bucket: it has a size, but its answer does not say how fast it empties. */
function shopifyStatements(headers: Headers): LimitStatement[] {
  const match = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(headers[SHOPIFY] ?? '');
  const used = count(match?.[1]);
  const quota = positive(match?.[2]);
  if (used === null || quota === null) return [];
  const remaining = Math.max(0, quota - used);
  return [limitStatement({ name: SHOPIFY, quota, remaining, isLeaky: true })];
}

function zendeskStatements(headers: Headers, answerMs: number): LimitStatement[] {
  const triples = Object.keys(headers).filter((name) => name.startsWith('zendesk-ratelimit-'));
  return triples.map((name) => {
    const fields = new Map(
      (headers[name] ?? '').split(';').map((field) => {
        const [key = '', value = ''] = field.split('=');
        return [key.trim().toLowerCase(), value.trim()];
      }),
    );
    const resets = fields.get('resets');
    return limitStatement({
      name,
      quota: positive(fields.get('total')),
      remaining: count(fields.get('remaining')),
      reset: resets === undefined ? null : readTime(resets, answerMs),
    });
  });
}

function secondsAsMs(value: BareItem | undefined): number | null {
  const isSpan = typeof value === 'number' && value >= 0 && value * 1000 <= SPAN_MS_MAX;
  return isSpan ? Math.round(value * 1000) : null;
}

function seconds(spanMs: number): TimeSaid {
  return {
    spanMs,
    atMs: null,
    unitMs: spanMs % 1000 === 0 ? 1000 : 1,
    isBare: false,
    isCut: false,
  };
}

function unitOf(value: BareItem | undefined): number {
  return typeof value === 'number' && Number.isInteger(value) ? 1000 : 1;
}
