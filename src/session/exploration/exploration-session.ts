/** An exploration as a session: opens database and source, measures, and concludes. */
import type { Config } from '../../config/config.js';
import { assert, IngestionError } from '../../core/fault.js';
import { openRunStore } from '../../database/run-store.js';
import type { LimitMemory } from '../../explore/asker.js';
import { concludeExploration } from '../../explore/exploration.js';
import { type ExploreProgress, explore } from '../../explore/explore.js';
import type { Plan } from '../../explore/plan.js';
import type { ExploreScope } from '../../explore/probe.js';
import type { Exploration } from '../../explore/schema.js';
import { whileShown } from '../../observe/progress.js';
import { nowMs } from '../../runtime/clock.js';
import { settingsFor } from '../../simulator/settings.js';
import { assumedPolicy } from '../../source/compile-events.js';
import { codecOf } from '../../source/registry.js';
import type { EventSource, Source } from '../../source/source.js';
import type { SessionContext } from '../context.js';
import { LimitStore } from '../limit-store.js';
import { lockForExploration } from '../lock-run.js';
import { type OpenDatabase, openDatabase } from '../open-database.js';
import { type OpenSource, openSource } from '../open-source.js';
import { UserError } from '../user-error.js';
import { explorationOriginOf } from './exploration-hints.js';
import { exploreLine } from './explore-progress.js';
import { measureWriting } from './measure-writing.js';

/** Of the live API, by its document: what the plan reckons with before anything was asked. */
const EXPECTED_LATENCY_MS = 4_000;

export interface ExplorationWish {
  readonly scope: ExploreScope;
  readonly plan: Plan;
  /** False: the log of requests is kept in exploration.json alone. */
  readonly usesDatabase: boolean;
}

/** @throws IngestionError when the API cannot be explored, or the source is at work elsewhere */
export async function runExploration(
  context: SessionContext,
  { scope, plan, usesDatabase }: ExplorationWish,
): Promise<Exploration> {
  const { config, log } = context;
  const source = await openSource(config);
  let database: OpenDatabase | null = null;
  let release = async (): Promise<void> => {};
  try {
    database = usesDatabase ? await openIfReachable(context) : null;
    const store = database === null ? null : openRunStore(database.pool);
    if (store !== null) {
      const lock = await lockForExploration(store, source, log);
      release = () => lock.release();
    }
    const memoryOf = (bucket: string): LimitMemory | null =>
      store === null
        ? null
        : new LimitStore({ store, key: source.limitKey(bucket), work: source.spec.name });
    const explored = await withProgress(context, plan.secondsAbout * 1000, (onProgress) =>
      explore({
        source: explorable(source.spec),
        ...{ origin: source.origin, basePath: source.basePath, headers: source.headers },
        openDispatcher: (options) => source.openDispatcher(options),
        ...{ scope, reserve: config.reservedRequests, memoryOf, onProgress },
      }),
    );
    const { sample } = explored.notebook;
    const recordsPerSecond = database === null ? null : await measureWriting(database.pool, sample);
    return concludeExploration(explored, contextOf(config, source, recordsPerSecond));
  } finally {
    source.close();
    await release();
    await database?.close();
  }
}

function contextOf(
  config: Config,
  { spec, keyHash }: OpenSource,
  recordsPerSecond: number | null,
): Parameters<typeof concludeExploration>[1] {
  const { pageLimit, concurrency, creditBytes, reservedRequests, cursorThresholdMs } = config;
  const run = { pageLimit, concurrency, creditBytes, cursorThresholdMs, recordsPerSecond };
  return {
    ...{ source: explorable(spec), origin: explorationOriginOf(config.target), keyHash },
    run: { ...run, reserve: reservedRequests },
  };
}

function explorable(source: Source): EventSource {
  assert(source.codec !== null, 'expectationOf refuses every other source');
  return source;
}

/**
 * What is documented of the API, or set for the simulator.
 *
 * @throws UserError for a source whose API is not DataSync's
 */
export function expectationOf({ source, target }: Config): ExploreScope['expected'] {
  if (codecOf(target.plan) === null) {
    throw new UserError(
      `explore measures the DataSync API alone so far; \`datasync source check ${source}\` shows what that API answers.`,
      'usage',
    );
  }
  const policyAssumed = assumedPolicy(target.plan);
  if (target.kind !== 'simulator') {
    return { latencyMs: EXPECTED_LATENCY_MS, policy: policyAssumed };
  }
  const settings = settingsFor(target.profile);
  const policy = { quota: settings.eventsQuota, windowMs: settings.eventsWindowMs };
  return {
    latencyMs: settings.latencyMs + settings.latencyJitterMs / 2,
    policy: policy.quota === 0 ? policyAssumed : policy,
  };
}

/** Without a database the log of requests is kept in exploration.json, where `ingest` finds it. */
async function openIfReachable(context: SessionContext): Promise<OpenDatabase | null> {
  try {
    return await openDatabase(context);
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    const message = `${error.message}; the log of requests goes into exploration.json alone`;
    context.log.warn({ event: 'database_skipped', fault: error.fault }, message);
    return null;
  }
}

/** @param expectedMs how long the plan takes */
async function withProgress<T>(
  { isJson }: SessionContext,
  expectedMs: number,
  work: (onProgress: (progress: ExploreProgress) => void) => Promise<T>,
): Promise<T> {
  let last: ExploreProgress = { probe: '', eventRequests: 0, budget: 0, waitsUntilMs: null };
  const startedAtMs = nowMs();
  const render = (): string => exploreLine(last, { nowMs: nowMs(), startedAtMs, expectedMs });
  return whileShown({ render, isQuiet: isJson }, () =>
    work((next) => {
      last = next;
    }),
  );
}
