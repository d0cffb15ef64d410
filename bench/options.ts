/**
 * The bench's command line: lists make a matrix. What is not given stays null, because each scenario
 * has its own default for it. Pure.
 */
import { z } from 'zod';
import { LIMITERS } from './limiters/catalogue.js';

export const SCENARIOS = [
  'matrix',
  'limit',
  'limiters',
  'chain',
  'children',
  'cluster',
  'scale',
  'writer',
  'parser',
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export const WRITE_METHODS = ['auto', 'copy', 'insert'] as const;
export type BenchWriteMethod = (typeof WRITE_METHODS)[number];

/** A limit to bench under. */
export interface BenchPolicy {
  readonly quota: number;
  readonly windowMs: number;
}

export interface BenchOptions {
  readonly scenarios: readonly ScenarioName[];
  readonly concurrency: readonly number[] | null;
  /** Events a page. */
  readonly limit: readonly number[] | null;
  readonly latencyMs: readonly number[] | null;
  /** Round trips to the database. */
  readonly databaseLatencyMs: readonly number[] | null;
  readonly events: readonly number[] | null;
  readonly writeMethod: readonly BenchWriteMethod[] | null;
  readonly runs: number | null;
  readonly policies: readonly BenchPolicy[] | null;
  /** Of scenario limiters, by name; null: all. */
  readonly limiters: readonly string[] | null;
  /** That a run of scenario limiters takes at the limit, at least. */
  readonly seconds: number | null;
  /** Null: embedded. */
  readonly databaseUrl: string | null;
  /** A results file of before to hold these beside; null: none. */
  readonly compareWith: string | null;
}

/** The flags and their meanings, for the command line. */
export const FLAGS = [
  ['--scenario <name>', `matrix (default), ${SCENARIOS.slice(1).join(', ')} or all`],
  ['--concurrency <list>', 'requests in flight at most, e.g. 1,5,20'],
  ['--limit <list>', 'events a page, e.g. 1000,5000'],
  ['--latency <list>', 'latency of the server in ms, e.g. 0,20,100'],
  ['--database-latency <list>', 'round trip to the database in ms, e.g. 0,20 (matrix)'],
  ['--events <list>', 'events in all, e.g. 500000'],
  ['--write-method <list>', `of ${WRITE_METHODS.join(', ')}`],
  ['--runs <n>', 'measured rounds after the warm-up'],
  ['--policy <list>', 'limits of scenario limit as requests/seconds, e.g. 10/2,20/2'],
  ['--limiter <list>', 'servers of scenario limiters, by the names in its table; default: all'],
  ['--seconds <n>', 'that a run of scenario limiters takes at the limit, at least; default: 12'],
  [
    '--database <url>',
    'a PostgreSQL server, in which a database datasync_bench is made and dropped; default: an embedded one',
  ],
  ['--compare <file>', 'a results file of before: do the figures agree within their spread?'],
] as const;

function list<Item>(item: z.ZodType<Item, string>) {
  return z
    .string()
    .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
    .pipe(z.array(item).min(1));
}

function whole(least: number, most: number) {
  return z
    .string()
    .regex(/^\d+$/, 'takes whole numbers, with commas between them')
    .transform(Number)
    .pipe(z.number().min(least).max(most));
}

const policy = z
  .string()
  .regex(/^\d+\/\d+(\.\d+)?$/, 'takes requests/seconds, e.g. 10/2')
  .transform((text) => {
    const [quota, seconds] = text.split('/').map(Number) as [number, number];
    return { quota, windowMs: Math.round(seconds * 1000) };
  })
  .refine(({ quota, windowMs }) => quota >= 1 && windowMs >= 100, 'is out of range');

const flags = z.object({
  scenario: z.enum([...SCENARIOS, 'all']).default('matrix'),
  concurrency: list(whole(1, 1000)).optional(),
  limit: list(whole(1, 5000)).optional(),
  latency: list(whole(0, 60_000)).optional(),
  databaseLatency: list(whole(0, 10_000)).optional(),
  events: list(whole(1000, 100_000_000)).optional(),
  writeMethod: list(z.enum(WRITE_METHODS)).optional(),
  runs: whole(1, 1000).optional(),
  policy: list(policy).optional(),
  seconds: whole(1, 3600).optional(),
  limiter: list(z.enum(LIMITERS.map(({ name }) => name))).optional(),
  database: z.url({ protocol: /^postgres(ql)?$/, error: 'takes a postgres:// URL' }).optional(),
  compare: z.string().optional(),
});

/** @param raw flags by their camel-case names @returns the options, or one line for each fault */
export function readOptions(
  raw: Readonly<Record<string, unknown>>,
): { readonly options: BenchOptions } | { readonly faults: readonly string[] } {
  const parsed = flags.safeParse(raw);
  if (!parsed.success) {
    return {
      faults: parsed.error.issues.map(({ path, message }) => {
        return `--${String(path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}: ${message}`;
      }),
    };
  }
  const { data } = parsed;
  return {
    options: {
      scenarios: data.scenario === 'all' ? SCENARIOS : [data.scenario],
      concurrency: data.concurrency ?? null,
      limit: data.limit ?? null,
      latencyMs: data.latency ?? null,
      databaseLatencyMs: data.databaseLatency ?? null,
      events: data.events ?? null,
      writeMethod: data.writeMethod ?? null,
      runs: data.runs ?? null,
      policies: data.policy ?? null,
      limiters: data.limiter ?? null,
      seconds: data.seconds ?? null,
      databaseUrl: data.database ?? null,
      compareWith: data.compare ?? null,
    },
  };
}
