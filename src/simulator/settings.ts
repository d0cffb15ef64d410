/**
 * Every knob of the simulator: one zod object is the table of names, meanings and defaults, from
 * which the command line flags are made. The defaults are the live API on a good day.
 */
import { z } from 'zod';
import { HOSTILE_KINDS } from './hostile.js';
import { LIMIT_DIALECTS } from './limit-headers.js';

const count = (preset: number, meaning: string) =>
  z.number().int().min(0).default(preset).describe(meaning);
const share = (meaning: string) => z.number().min(0).max(1).default(0).describe(meaning);
const toggle = (preset: boolean, meaning: string) => z.boolean().default(preset).describe(meaning);

const hostileKinds = z
  .string()
  .refine(
    (text) =>
      text === 'all' || text.split(',').every((kind) => HOSTILE_KINDS.some((k) => k === kind)),
    { error: `must be "all" or a list with commas of: ${HOSTILE_KINDS.join(', ')}` },
  );

export const simulatorSettings = z.object({
  events: count(3_000_000, 'events that the API holds'),
  seed: z.number().int().default(1).describe('seed of the data set and of every fault'),
  host: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .describe('port to listen on; 0 takes a free one'),
  apiKey: z.string().min(1).default('simulator-key').describe('the one key that is accepted'),

  latencyMs: count(3_500, 'time to an answer, counted from the arrival of the request'),
  latencyJitterMs: count(700, 'at most this much is added to the latency of each answer'),
  pageCap: z.number().int().min(1).default(5_000).describe('largest page; more is cut silently'),
  defaultLimit: z.number().int().min(1).default(100).describe('page size when none is asked for'),
  cacheBytes: count(268_435_456, 'memory for rendered pages'),
  warmLimit: count(0, 'page size whose pages are rendered before it listens; 0 renders on demand'),

  eventsQuota: count(10, 'requests in a window on /events; 0 is without limit'),
  eventsWindowMs: z
    .number()
    .int()
    .min(1)
    .default(60_000)
    .describe('window of the limit on /events'),
  sessionsQuota: count(40, 'requests in a window on /sessions; 0 is without limit'),
  sessionsWindowMs: z.number().int().min(1).default(60_000).describe('window on /sessions'),
  metricsQuota: count(30, 'requests in a window on /metrics; 0 is without limit'),
  metricsWindowMs: z.number().int().min(1).default(60_000).describe('window on /metrics'),
  bulkQuota: count(20, 'requests in a window on /events/bulk; 0 is without limit'),
  bulkWindowMs: z.number().int().min(1).default(60_000).describe('window on /events/bulk'),
  windowKind: z
    .enum(['sliding', 'fixed'])
    .default('sliding')
    .describe('a log of request times, or a count that starts again with each window'),
  refusedCallsCount: toggle(true, 'a refused request is logged as well'),
  limitDialect: z.enum(LIMIT_DIALECTS).default('datasync').describe('how limits are announced'),

  cursorTtlMs: z
    .number()
    .int()
    .min(1)
    .default(120_000)
    .describe('life of a cursor, from the start of the request that gave it'),
  opaqueCursors: toggle(false, 'cursors are encrypted: no client can read or build one'),
  flatShape: toggle(false, 'pages in the flat shape of the vendor document'),
  gzip: toggle(false, 'compress pages for clients that accept it'),

  faultBurst: z
    .number()
    .int()
    .min(1)
    .default(1)
    .describe('faults come in runs of this many requests; their share stays the same'),
  htmlError: share('share of requests answered with 502, 503 or 504 and an HTML body'),
  htmlErrorBurst: z
    .number()
    .int()
    .min(1)
    .default(3)
    .describe('HTML errors come in runs of this many'),
  truncatedBody: share('share of 200 answers cut short, their length matching the cut'),
  truncatedBodyBytes: z
    .number()
    .int()
    .min(1)
    .default(422_000)
    .describe('where a body is cut; a shorter one is cut in its middle'),
  nullBody: share('share of 200 answers whose body is null'),
  nonJsonBody: share('share of 200 answers whose body is plain text'),
  wrongContentType: share('share of good answers that call themselves HTML'),
  reset: share('share of answers whose connection is reset in mid-body'),
  stall: share('share of answers that stop in mid-body'),
  stallHead: share('share of requests that get no head'),
  stallMs: z
    .number()
    .int()
    .min(1)
    .default(120_000)
    .describe('a stalled connection is cut after this'),
  redirect: share('share of requests redirected to another host'),
  redirectTo: z
    .string()
    .default('http://elsewhere.invalid/api/v1/events')
    .describe('where redirects point'),
  hugeBody: share('share of pages padded to a huge size'),
  hugeBodyBytes: count(134_217_728, 'size of a huge body'),
  reservedPage: share('share of requests that get the rows of the page before once more'),
  loopingCursor: share('share of pages whose next cursor is the one they were asked with'),
  missingCursor: share('share of pages that say there is more but give no cursor'),
  duplicateRows: share('share of pages that begin with rows of the page before'),
  totalLies: share('share of pages whose total is wrong'),
  missingLimitHeaders: share('share of answers without limit headers'),
  nonsenseLimitHeaders: share('share of answers whose limit headers make no sense'),
  hostileRows: share('share of events that are hostile'),
  hostileKinds: hostileKinds
    .default('all')
    .describe(`"all", or some of these, with commas alone: ${HOSTILE_KINDS.join(', ')}`),
  keyDiesAfterRequests: count(0, 'the key is refused after this many requests; 0 is never'),
  clockSkewMs: z.number().int().default(0).describe('how far the clock of the server is ahead'),
});

export type SimulatorSettings = z.infer<typeof simulatorSettings>;
export type ProfileName = keyof typeof PROFILES;

const FAST = {
  events: 200_000,
  latencyMs: 20,
  latencyJitterMs: 5,
  eventsQuota: 20,
  eventsWindowMs: 2_000,
  sessionsWindowMs: 2_000,
  metricsWindowMs: 2_000,
  bulkWindowMs: 2_000,
} satisfies Partial<SimulatorSettings>;

/**
 * Named settings. live has the faults that were seen on the live API, about as rarely. chaos leaves
 * out what ends a run by contract (redirects, looping and missing cursors, a dying key): those are
 * turned on one at a time.
 */
export const PROFILES = {
  live: {
    htmlError: 0.003,
    truncatedBody: 0.001,
    nullBody: 0.001,
    nonJsonBody: 0.001,
    missingLimitHeaders: 0.02,
  },
  fast: FAST,
  chaos: {
    ...FAST,
    htmlError: 0.03,
    truncatedBody: 0.03,
    nullBody: 0.02,
    nonJsonBody: 0.02,
    wrongContentType: 0.02,
    reset: 0.03,
    stall: 0.01,
    stallHead: 0.01,
    hugeBody: 0.01,
    reservedPage: 0.02,
    duplicateRows: 0.05,
    totalLies: 0.05,
    missingLimitHeaders: 0.05,
    nonsenseLimitHeaders: 0.03,
    hostileRows: 0.002,
    clockSkewMs: 37_000,
  },
} as const satisfies Record<string, Partial<SimulatorSettings>>;

/** A profile with single knobs changed. @throws ZodError when a knob is out of its range. */
export function settingsFor(
  profile: ProfileName,
  changes: Readonly<Record<string, unknown>> = {},
): SimulatorSettings {
  return simulatorSettings.parse({ ...PROFILES[profile], ...changes });
}

/** One knob as the command line needs it. */
export interface Knob {
  readonly name: keyof SimulatorSettings;
  readonly meaning: string;
  readonly preset: string | number | boolean;
  /** The words that it takes; empty: any. */
  readonly choices: readonly string[];
}

/** All knobs in the order of the table. */
export const KNOBS: readonly Knob[] = Object.entries(simulatorSettings.shape).map(
  ([name, field]) => ({
    name: name as keyof SimulatorSettings,
    meaning: field.description ?? '',
    preset: field.parse(undefined),
    choices: field.def.innerType instanceof z.ZodEnum ? field.def.innerType.options : [],
  }),
);
