/**
 * Configuration: environment and flags become one frozen value, validated once, with every fault
 * listed together.
 *
 * Flags win over the environment, the environment over `.env`, that over the defaults. The settings
 * themselves are in settings.ts.
 */
import { resolve } from 'node:path';
import type * as z from 'zod/mini';
import { codecOf } from '../source/registry.js';
import { alertConfig, alertFaults } from './alert-settings.js';
import { askedFaults, askedPass } from './asked-pass.js';
import type { Config, DatabaseChoice, Target } from './config-shape.js';
import { databaseVariables, type Environment } from './environment.js';
import { proxyFaults, readProxies } from './proxy-settings.js';
import { scheduleConfig, scheduleFaults } from './schedule-settings.js';
import { FLAG_SETTINGS, flagName, type Settings, settings } from './settings.js';
import type { ChosenSource } from './source-choice.js';
import { DEFAULT_SOURCE } from './source-files.js';
import { tracesChoice } from './traces-settings.js';

export type { AskedPass, Config, DatabaseChoice, Target } from './config-shape.js';
export { LOG_LEVELS, SIMULATE_PROFILES, WRITE_METHODS } from './config-shape.js';
export { SETTING_NAMES } from './settings.js';

/** Flags of a command, by their camel-case names; unset ones are absent. */
export type Flags = Readonly<Record<string, unknown>>;

/** One fault of the configuration: which setting or flag, and what it takes. */
export interface ConfigFault {
  readonly setting: string;
  readonly message: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** @returns the frozen configuration, or every fault of it */
export function readConfig(
  environment: Environment,
  flags: Flags,
  chosen: ChosenSource,
): ConfigResult {
  const raw: Record<string, unknown> = { ...environment };
  // Of the two kinds of schedule a flag of one wins over a variable of the other.
  if (flags.every !== undefined) delete raw.SCHEDULE_CRON;
  if (flags.cron !== undefined) delete raw.SCHEDULE_EVERY;
  for (const [flag, setting] of Object.entries(FLAG_SETTINGS)) {
    if (flags[flag] !== undefined) raw[setting] = flags[flag];
  }
  const parsed = settings.safeParse(raw);
  const issues = parsed.error?.issues ?? [];
  const faults = [
    ...issues.map((issue) => describeIssue(issue, flags)),
    ...scheduleFaults(raw).map(({ setting, ...fault }) => ({
      ...fault,
      setting: givenName(setting, flags),
    })),
    ...crossFaults(environment, flags, chosen),
  ];
  if (!parsed.success || faults.length > 0) return { ok: false, faults };
  const traces = tracesChoice(environment);
  const proxies = readProxies(environment);
  const isSimulated = usesSimulator(environment, flags, chosen);
  const target = targetOf(parsed.data, isSimulated, chosen);
  const database = databaseChoice(parsed.data, environment, isSimulated);
  const isTargetChosen = flags.simulate === true || namesApi(environment, chosen);
  const source = { ...sourceOf(chosen), target, isTargetChosen };
  const config = { ...assemble(parsed.data, flags), ...source, database, traces, proxies };
  return { ok: true, config: Object.freeze(config) };
}

function describeIssue(issue: z.core.$ZodIssue, flags: Flags): ConfigFault {
  const setting = String(issue.path[0] ?? 'configuration');
  return { setting: givenName(setting, flags), message: issue.message };
}

/** A setting as it was given: by its flag, or by its variable. */
function givenName(setting: string, flags: Flags): string {
  const named = Object.entries(FLAG_SETTINGS).find(([, name]) => name === setting)?.[0];
  return named !== undefined && flags[named] !== undefined ? flagName(named) : setting;
}

/** What no single setting can say. */
function crossFaults(values: Environment, flags: Flags, chosen: ChosenSource): ConfigFault[] {
  // What was written can be looked at without a key: nothing is asked for and nothing mixed.
  if (flags.readsOnly === true) return [];
  const faults: ConfigFault[] = [...alertFaults(values), ...askedFaults(flags)];
  const isSimulated = usesSimulator(values, flags, chosen);
  if (flags.simulate === true && !isSimulated) {
    const message = `cannot be used: the source ${chosen.plan.name} has no simulator; leave it out, or choose --source ${DEFAULT_SOURCE}`;
    faults.push({ setting: '--simulate', message });
  }
  const [missing] = chosen.missing;
  if (missing === undefined || flags.simulate === true) {
    return isSimulated ? faults : [...faults, ...proxyFaults(values)];
  }
  if (values.API_BASE_URL !== undefined) {
    faults.push({
      setting: missing,
      message: 'is needed with API_BASE_URL; without both, the bundled simulator is used',
    });
  }
  if (values.DATABASE_URL !== undefined) {
    faults.push({
      setting: 'DATABASE_URL',
      message: `is set but ${missing} is not: simulated data goes into your database only with --simulate`,
    });
  }
  return faults;
}

type SourceSettings =
  | 'source'
  | 'stream'
  | 'streams'
  | 'sourceWarnings'
  | 'target'
  | 'isTargetChosen';
type Assembled = Omit<Config, SourceSettings | 'database' | 'traces' | 'proxies'>;

function sourceOf({
  plan,
  streams,
  warnings,
}: ChosenSource): Pick<Config, 'source' | 'stream' | 'streams' | 'sourceWarnings'> {
  return { source: plan.name, stream: streams[0], streams, sourceWarnings: warnings };
}

function targetOf(values: Settings, isSimulated: boolean, { plan, secrets }: ChosenSource): Target {
  if (!isSimulated) return { kind: 'api', ...addressOf(plan.baseUrl), plan, secrets };
  return {
    kind: 'simulator',
    events: values.SIMULATE_EVENTS,
    profile: values.SIMULATE_PROFILE,
    seed: values.SIMULATE_SEED,
    plan,
    secrets,
  };
}

function assemble(values: Settings, flags: Flags): Assembled {
  return {
    concurrency: values.WORKER_CONCURRENCY,
    pageLimit: values.BATCH_SIZE ?? null,
    reservedRequests: values.RATE_LIMIT_BUFFER,
    cursorThresholdMs: values.CURSOR_REFRESH_THRESHOLD * 1000,
    writeMethod: values.WRITE_METHOD,
    stateFile: resolve(values.STATE_FILE),
    reportsFolder: resolve(values.REPORTS_FOLDER),
    httpPort: values.HTTP_PORT ?? null,
    httpHost: values.HTTP_HOST,
    httpAllowedHosts: values.HTTP_ALLOWED_HOSTS,
    alerts: alertConfig(values),
    schedule: scheduleConfig(values),
    logLevel: values.LOG_LEVEL,
    maxRetries: values.MAX_RETRIES,
    retryPauseMs: values.RETRY_PAUSE * 1000,
    databaseWaitMs: values.DATABASE_WAIT * 1000,
    databasePatienceMs: values.DATABASE_PATIENCE * 1000,
    redisUrl: values.REDIS_URL ?? null,
    leaseMs: values.MEMBER_LEASE * 1000,
    standby: flags.standby === true,
    statementTimeoutMs: Math.round(values.STATEMENT_TIMEOUT * 1000),
    eventsMax: values.MAX_EVENTS ?? null,
    creditBytes: values.CREDIT_BYTES,
    fetchThreads: values.FETCH_THREADS,
    writerConnections: values.WRITER_CONNECTIONS,
    headDeadlineMs: values.HEAD_DEADLINE * 1000,
    idleDeadlineMs: values.IDLE_DEADLINE * 1000,
    bodyBytesMax: values.BODY_BYTES_MAX,
    quarantineLimit: values.QUARANTINE_LIMIT,
    provesData: values.PROVE_DATA === 'yes',
    restart: flags.restart === true,
    deleteMissing: flags.deleteMissing === true,
    deleteShareMax: values.DELETE_SHARE,
    asked: askedPass(flags),
    runsAgain: false,
    dryRun: flags.dryRun === true,
  };
}

function namesApi(values: Environment, { isStoodInFor, missing }: ChosenSource): boolean {
  return !isStoodInFor || missing.length === 0 || values.API_BASE_URL !== undefined;
}

function usesSimulator(values: Environment, flags: Flags, chosen: ChosenSource): boolean {
  if (codecOf(chosen.plan)?.simulator === undefined) return false;
  return flags.simulate === true || !namesApi(values, chosen);
}

function databaseChoice(
  values: Settings,
  environment: Environment,
  isSimulated: boolean,
): DatabaseChoice {
  const connectionString = values.DATABASE_URL;
  if (connectionString !== undefined) {
    return { kind: 'url', connectionString, variables: databaseVariables(environment) };
  }
  const dataFolder = resolve(values.DATA_FOLDER, 'postgres');
  const name = isSimulated ? 'simulation' : 'ingestion';
  return { kind: 'embedded', dataFolder, name };
}

function addressOf(baseUrl: string): { readonly origin: string; readonly basePath: string } {
  const url = new URL(baseUrl);
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') };
}
