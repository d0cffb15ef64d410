/**
 * Every finding against what the simulator was set to, over randomly drawn settings. A finding is
 * right, wrong or unknown; unknown is right exactly where nothing could tell.
 */
import { expect, test } from 'vitest';
import type { Exploration } from '../../src/explore/schema.js';
import { LIMIT_DIALECTS } from '../../src/simulator/limit-headers.js';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { type ExploredSimulator, exploreSimulator, mostSentInWindow } from '../support/explored.js';
import { drawInteger, type Random, seededRandom } from '../support/random.js';

const RUNS = 20;
const AT_ONCE = 5;
const SEED = Number(process.env.SEED ?? 20_260_127);
const RIGHT_MIN = 0.95;

type Verdict = 'right' | 'wrong' | 'unknown';
type ShownFinding = Exploration['findings'][number];

/** What must be said of the settings; null: nothing can tell, so it must be unknown. */
type Truth = string | number | boolean | null;

function pick<T>(random: Random, values: readonly T[]): T {
  return values[drawInteger(random, 0, values.length - 1)] as T;
}

function drawSettings(random: Random): Partial<SimulatorSettings> {
  const latencyMs = pick(random, [2, 10, 40]);
  return {
    seed: drawInteger(random, 1, 1_000_000),
    events: drawInteger(random, 4_000, 60_000),
    pageCap: drawInteger(random, 100, 1_000),
    defaultLimit: pick(random, [20, 50, 100]),
    latencyMs,
    latencyJitterMs: Math.ceil(latencyMs / 4),
    eventsQuota: drawInteger(random, 8, 40),
    eventsWindowMs: pick(random, [1_000, 1_200, 1_500, 2_000]),
    windowKind: pick(random, ['sliding', 'fixed'] as const),
    refusedCallsCount: random() < 0.5,
    limitDialect: pick(random, LIMIT_DIALECTS),
    cursorTtlMs: pick(random, [20_000, 60_000, 90_000, 120_000, 600_000]),
    opaqueCursors: random() < 0.25,
    flatShape: random() < 0.3,
    gzip: random() < 0.5,
    clockSkewMs: pick(random, [0, 0, 37_000, -8_000]),
  };
}

/** What each finding must say. Window and cursor life are judged by `isWithin`. */
function truthOf(settings: SimulatorSettings): Readonly<Record<string, Truth>> {
  const { limitDialect, opaqueCursors, flatShape, eventsQuota } = settings;
  const hasRemaining = limitDialect !== 'none';
  return {
    'auth.key-accepted': true,
    'page.shape': flatShape ? 'flat' : 'nested',
    'page.default-size': Math.min(settings.defaultLimit, settings.pageCap),
    'page.largest-size': settings.pageCap,
    'page.cut-silently': true,
    'record.timestamp-rule': 'place in the page modulo 3 = 0: epoch ms number',
    'record.odd-share': 0,
    'compression.offered': settings.gzip,
    'cursor.form': opaqueCursors ? 'opaque' : 'base64 JSON',
    'cursor.can-seek': !opaqueCursors,
    order: 'newest first',
    'order.continues': true,
    'limit.headers': DIALECT_NAMES[limitDialect],
    'limit.reset-form': RESET_FORMS[limitDialect] ?? null,
    'limit.quota': hasRemaining ? eventsQuota : null,
    'limit.refused-calls-count': null,
    'limit.own-bucket.sessions': hasRemaining ? true : null,
    'total.is-true': flatShape || opaqueCursors ? null : true,
    'list.metrics': 'empty: helps neither to count nor to check',
    'latency.p95': null,
  };
}

const DIALECT_NAMES: Readonly<Record<SimulatorSettings['limitDialect'], string>> = {
  datasync: 'X-RateLimit-*',
  github: 'X-RateLimit-*',
  iso: 'X-RateLimit-*',
  'http-date': 'X-RateLimit-*',
  ietf: 'IETF RateLimit (structured fields)',
  'ietf-plain': 'IETF RateLimit-* (draft 06)',
  shopify: 'X-Shopify-Shop-Api-Call-Limit',
  hubspot: 'X-HubSpot-RateLimit-*',
  zendesk: 'Zendesk-RateLimit-*',
  none: 'none',
};

const RESET_FORMS: Readonly<Record<string, string>> = {
  datasync: 'seconds left',
  ietf: 'seconds left',
  'ietf-plain': 'seconds left',
  zendesk: 'seconds left',
  github: 'epoch seconds',
  iso: 'ISO 8601',
  'http-date': 'HTTP-date',
};

function judge({ settings, exploration }: ExploredSimulator): [string, Verdict][] {
  const { findings } = exploration;
  const found = (name: string) => findings.find((finding) => finding.name === name);
  const verdicts = Object.entries(truthOf(settings)).flatMap(([name, truth]) => {
    const finding = found(name);
    if (finding === undefined) return truth === null ? [] : [[name, 'wrong'] as const];
    return [[name, verdict(finding, (value) => value === truth, truth === null)] as const];
  });
  const { limitDialect, flatShape, opaqueCursors } = settings;
  const tellsWindow = limitDialect !== 'none';
  // Counts alone may tell, and need not.
  const maySayNothing = limitDialect === 'shopify';
  const unlessSilent = (name: string, said: Verdict): [string, Verdict] => [
    name,
    maySayNothing && found(name)?.confidence === 'unknown' ? 'right' : said,
  ];
  const tellsLife = !flatShape || !opaqueCursors;
  const tellsTotal = !flatShape || !opaqueCursors;
  return [
    ...verdicts,
    unlessSilent(
      'limit.window',
      isWithin(found('limit.window'), settings.eventsWindowMs, !tellsWindow),
    ),
    unlessSilent('limit.window-kind', isKind(found('limit.window-kind'), settings)),
    [
      'only one limit',
      findings.some(({ name }) => name.startsWith('limit.also.')) ? 'wrong' : 'right',
    ],
    ['cursor.life', isWithin(found('cursor.life'), settings.cursorTtlMs, !tellsLife)],
    ['total', isNear(found('total'), settings.events, !tellsTotal)],
    ['record.timestamp-forms', hasBothForms(found('record.timestamp-forms'))],
    ['record.bytes', isNear(found('record.bytes'), 355, false)],
  ].map(([name, said]) => [name as string, said as Verdict]);
}

function isKind(
  finding: ShownFinding | undefined,
  { limitDialect, windowKind }: SimulatorSettings,
) {
  if (finding === undefined) return 'wrong';
  return verdict(finding, (value) => value === windowKind, limitDialect === 'none');
}

function hasBothForms(finding: ShownFinding | undefined): Verdict {
  const shares = /^ISO 8601 text (\d+) %, epoch ms number (\d+) %$/.exec(String(finding?.value));
  const isRight = Math.abs(Number(shares?.[1]) - 200 / 3) < 2 && Number(shares?.[2]) < 36;
  return isRight ? 'right' : 'wrong';
}

function verdict(
  finding: ShownFinding,
  isRight: (value: ShownFinding['value']) => boolean,
  isUnknowable: boolean,
): Verdict {
  if (finding.value === null) return isUnknowable ? 'right' : 'unknown';
  return !isUnknowable && isRight(finding.value) ? 'right' : 'wrong';
}

/** A span that whole seconds or a latency make uncertain must hold the truth, and be no wider. */
function isWithin(finding: ShownFinding | undefined, truth: number, isUnknowable: boolean) {
  if (finding === undefined) return 'wrong';
  const { low, high } = finding;
  return verdict(
    finding,
    (value) => {
      if (low === undefined || high === undefined)
        return Math.ceil(truth / 1000) * 1000 === value || value === truth;
      return low <= truth && truth <= high && high - low <= 3_200;
    },
    isUnknowable,
  );
}

function isNear(finding: ShownFinding | undefined, truth: number, isUnknowable: boolean) {
  if (finding === undefined) return 'wrong';
  const isClose = (value: ShownFinding['value']) => Math.abs(Number(value) / truth - 1) < 0.12;
  return verdict(finding, isClose, isUnknowable);
}

test('findings are right for any settings, and unknown where nothing tells', async () => {
  const random = seededRandom(SEED);
  const drawn = Array.from({ length: RUNS }, () => drawSettings(random));
  const tallies = new Map<string, Record<Verdict, number>>();
  const faults: string[] = [];
  const work = async () => {
    for (let settings = drawn.pop(); settings !== undefined; settings = drawn.pop()) {
      const result = await exploreSimulator(settings);
      const { eventsQuota, eventsWindowMs } = result.settings;
      const most = mostSentInWindow(result.explored, eventsWindowMs);
      expect(most, JSON.stringify(settings)).toBeGreaterThan(0);
      expect(most, JSON.stringify(settings)).toBeLessThanOrEqual(eventsQuota);
      expect(result.stats.eventsArrivalsMs.length).toBeLessThanOrEqual(12);
      for (const [name, said] of judge(result)) {
        const tally = tallies.get(name) ?? { right: 0, wrong: 0, unknown: 0 };
        tallies.set(name, tally);
        tally[said]++;
        if (said === 'right') continue;
        const finding = result.exploration.findings.find((each) => each.name === name);
        faults.push(`${said} ${JSON.stringify(finding)} of ${JSON.stringify(settings)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const all = [...tallies.values()];
  const sum = (kind: Verdict) => all.reduce((total, tally) => total + tally[kind], 0);
  const judged = sum('right') + sum('wrong') + sum('unknown');
  const explanation = `seed ${SEED}\n${faults.join('\n')}`;
  expect(sum('right') / judged, explanation).toBeGreaterThanOrEqual(RIGHT_MIN);
  for (const [name, { right, wrong }] of tallies) {
    expect(wrong / Math.max(1, right + wrong), `${name}, ${explanation}`).toBeLessThanOrEqual(0.1);
  }
});
