/**
 * Configuration: environment and flags become one frozen value, validated once, with every fault
 * listed together.
 *
 * Flags win over the environment, the environment over `.env`, that over the defaults. README.md
 * repeats the table of defaults.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Environment } from './environment.js';

/** The live API; a key alone means it. */
export const LIVE_API_BASE_URL =
  'http://datasync-dev-alb-101078500.us-east-1.elb.amazonaws.com/api/v1';

/** What `.env.example` holds in place of a key. */
export const KEY_PLACEHOLDERS = new Set(['your_api_key_here', 'your-api-key', 'changeme']);

/** Where events come from. */
export type Target =
  | {
      readonly kind: 'api';
      /** Scheme, host and port. */
      readonly origin: string;
      /** The path of API_BASE_URL without a slash at its end. */
      readonly basePath: string;
      readonly apiKey: string;
    }
  | {
      readonly kind: 'simulator';
      readonly events: number;
      readonly profile: string;
      readonly seed: number;
    };

/** Where they go. */
export type DatabaseChoice =
  | { readonly kind: 'url'; readonly connectionString: string }
  | { readonly kind: 'embedded'; readonly dataFolder: string };

export interface Config {
  readonly source: string;
  readonly target: Target;
  readonly database: DatabaseChoice;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** Events a page; null: the largest that the server grants. */
  readonly pageLimit: number | null;
  /** Requests of the quota that are kept back. */
  readonly reservedRequests: number;
  readonly cursorThresholdMs: number;
  readonly writeMethod: 'auto' | 'copy' | 'insert';
  readonly stateFile: string;
  /** Port of health and metrics on 127.0.0.1; null: none. */
  readonly httpPort: number | null;
  readonly logLevel: string;
  readonly maxRetries: number;
  readonly eventsMax: number | null;
  /** Fetched and uncommitted bytes at most. */
  readonly creditBytes: number;
  readonly fetchThreads: number;
  readonly writerConnections: number;
  /** Share of records in quarantine that ends a run. */
  readonly quarantineLimit: number;
  readonly restart: boolean;
  readonly dryRun: boolean;
}

/** Flags of a command, by their camel-case names; unset ones are absent. */
export type Flags = Readonly<Record<string, unknown>>;

/** One fault of the configuration: which setting, and what it takes. */
export interface ConfigFault {
  readonly setting: string;
  readonly message: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

const count = (name: string) => z.coerce.number(`${name} takes a number`).int();

const settings = z.object({
  TARGET_API_KEY: z.string().optional(),
  API_BASE_URL: z.url({ protocol: /^https?$/, error: 'takes an http or https URL' }).optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'takes a postgres:// URL' }).optional(),
  WORKER_CONCURRENCY: count('WORKER_CONCURRENCY').min(1).max(1000).default(10),
  BATCH_SIZE: count('BATCH_SIZE').min(1).max(100_000).optional(),
  RATE_LIMIT_BUFFER: count('RATE_LIMIT_BUFFER').min(0).default(0),
  CURSOR_REFRESH_THRESHOLD: z.coerce.number().min(0).default(60),
  WRITE_METHOD: z.enum(['auto', 'copy', 'insert']).default('auto'),
  STATE_FILE: z.string().default('./data/ingestion.state'),
  DATA_FOLDER: z.string().default('./data'),
  HTTP_PORT: count('HTTP_PORT').min(0).max(65_535).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  MAX_RETRIES: count('MAX_RETRIES').min(0).max(100).default(3),
  MAX_EVENTS: count('MAX_EVENTS').min(1).optional(),
  CREDIT_BYTES: count('CREDIT_BYTES').min(1_000_000).default(24_000_000),
  FETCH_THREADS: count('FETCH_THREADS').min(1).max(64).default(1),
  WRITER_CONNECTIONS: count('WRITER_CONNECTIONS').min(1).max(16).default(2),
  QUARANTINE_LIMIT: z.coerce.number().min(0).max(1).default(0.01),
  SIMULATE_EVENTS: count('SIMULATE_EVENTS').min(0).default(200_000),
  SIMULATE_PROFILE: z.string().default('fast'),
  SIMULATE_SEED: count('SIMULATE_SEED').default(1),
});

type Settings = z.infer<typeof settings>;

/** Which setting a flag stands for. */
const FLAG_SETTINGS: Readonly<Record<string, keyof Settings>> = {
  concurrency: 'WORKER_CONCURRENCY',
  limit: 'BATCH_SIZE',
  writeMethod: 'WRITE_METHOD',
  maxEvents: 'MAX_EVENTS',
  quarantineLimit: 'QUARANTINE_LIMIT',
  logLevel: 'LOG_LEVEL',
};

/** @returns the frozen configuration, or every fault of it */
export function readConfig(environment: Environment, flags: Flags): ConfigResult {
  const raw: Record<string, unknown> = { ...environment };
  for (const [flag, setting] of Object.entries(FLAG_SETTINGS)) {
    if (flags[flag] !== undefined) raw[setting] = flags[flag];
  }
  const parsed = settings.safeParse(raw);
  if (!parsed.success) {
    return { ok: false, faults: parsed.error.issues.map((issue) => describeIssue(issue)) };
  }
  const values = parsed.data;
  const faults = crossFaults(values, flags);
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, config: Object.freeze(assemble(values, flags)) };
}

/** The key, unless it is absent or the placeholder of `.env.example`. */
export function usableKey(key: string | undefined): string | null {
  return key === undefined || KEY_PLACEHOLDERS.has(key.toLowerCase()) ? null : key;
}

function describeIssue(issue: z.core.$ZodIssue): ConfigFault {
  const setting = String(issue.path[0] ?? 'configuration');
  return { setting, message: issue.message };
}

/** What no single setting can say. */
function crossFaults(values: Settings, flags: Flags): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const key = usableKey(values.TARGET_API_KEY);
  const isSimulated = flags.simulate === true;
  if (values.API_BASE_URL !== undefined && key === null && !isSimulated) {
    faults.push({
      setting: 'TARGET_API_KEY',
      message: 'is needed with API_BASE_URL; without both, the bundled simulator is used',
    });
  }
  if (key === null && values.DATABASE_URL !== undefined && !isSimulated) {
    faults.push({
      setting: 'DATABASE_URL',
      message:
        'is set but TARGET_API_KEY is not: simulated data goes into your database only with --simulate',
    });
  }
  return faults;
}

function assemble(values: Settings, flags: Flags): Config {
  const key = usableKey(values.TARGET_API_KEY);
  return {
    source: 'datasync',
    target:
      key === null || flags.simulate === true
        ? {
            kind: 'simulator',
            events: values.SIMULATE_EVENTS,
            profile: values.SIMULATE_PROFILE,
            seed: values.SIMULATE_SEED,
          }
        : apiTarget(values.API_BASE_URL ?? LIVE_API_BASE_URL, key),
    database:
      values.DATABASE_URL === undefined
        ? { kind: 'embedded', dataFolder: resolve(values.DATA_FOLDER, 'postgres') }
        : { kind: 'url', connectionString: values.DATABASE_URL },
    concurrency: values.WORKER_CONCURRENCY,
    pageLimit: values.BATCH_SIZE ?? null,
    reservedRequests: values.RATE_LIMIT_BUFFER,
    cursorThresholdMs: values.CURSOR_REFRESH_THRESHOLD * 1000,
    writeMethod: values.WRITE_METHOD,
    stateFile: resolve(values.STATE_FILE),
    httpPort: values.HTTP_PORT ?? null,
    logLevel: values.LOG_LEVEL,
    maxRetries: values.MAX_RETRIES,
    eventsMax: values.MAX_EVENTS ?? null,
    creditBytes: values.CREDIT_BYTES,
    fetchThreads: values.FETCH_THREADS,
    writerConnections: values.WRITER_CONNECTIONS,
    quarantineLimit: values.QUARANTINE_LIMIT,
    restart: flags.restart === true,
    dryRun: flags.dryRun === true,
  };
}

function apiTarget(baseUrl: string, apiKey: string): Target {
  const url = new URL(baseUrl);
  return { kind: 'api', origin: url.origin, basePath: url.pathname.replace(/\/+$/, ''), apiKey };
}
