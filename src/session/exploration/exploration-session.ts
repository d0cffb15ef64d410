/** An exploration as a session: opens database and source, measures, and concludes. */
import type { Config } from '../../config/config.js';
import { IngestionError } from '../../core/fault.js';
import { leastOf } from '../../core/limit-log.js';
import { ALONE } from '../../core/start-reservation.js';
import type { LimitPolicy } from '../../core/token-bucket.js';
import { openRunStore, type RunStore } from '../../database/run-store.js';
import type { LimitMemory } from '../../explore/asker.js';
import { concludeExploration, type ExplorationContext } from '../../explore/exploration.js';
import { type Explored, type ExploreProgress, explore } from '../../explore/explore.js';
import type { Plan } from '../../explore/plan.js';
import type { ExploreScope } from '../../explore/probe.js';
import type { Exploration } from '../../explore/schema.js';
import { subjectOf } from '../../explore/subject.js';
import type { Send } from '../../explore/transport.js';
import { whileShown } from '../../observe/progress.js';
import { nowMs } from '../../runtime/clock.js';
import { settingsFor } from '../../simulator/settings.js';
import { sourceOf } from '../../source/registry.js';
import type { AccessToken } from '../access-token.js';
import { authorised } from '../authorised-fetch.js';
import type { SessionContext } from '../context.js';
import { declaredConcurrency, limitsOfStream, withDeclared } from '../declared-limits.js';
import { fetchSettings } from '../fetch-settings.js';
import { LimitStore } from '../limit-store.js';
import { lockForExploration } from '../lock-run.js';
import { type OpenDatabase, openDatabase } from '../open-database.js';
import { type OpenSource, openSource } from '../open-source.js';
import { openToken, passingToken } from '../open-token.js';
import { UserError } from '../user-error.js';
import { exploreLine } from './explore-progress.js';
import { knownOf } from './known-source.js';
import { measureWriting } from './measure-writing.js';
import { withoutSecretsOf } from './shown-exploration.js';

/** Of an API of which nothing is known: what the plan reckons with before anything was asked. */
const USUAL_LATENCY_MS = 500;

export interface ExplorationWish {
  readonly scope: ExploreScope;
  readonly plan: Plan;
  /** False: the log of requests is kept in the exploration's file alone. */
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
    const token = tokenOf(context, source, database);
    const explored = await withProgress(context, plan.secondsAbout * 1000, (onProgress) =>
      explore({
        ...{ source: source.spec, fetchSettings: fetchSettings(source, config) },
        authorise: (send) => withToken(send, token),
        requestsAtOnce: declaredConcurrency(limitsOfStream(source)),
        ...{ scope, reserve: config.reservedRequests, onProgress },
        memoryOf: (bucket) => memoryOf(source, store, bucket),
      }),
    );
    const { sample } = explored.notebook;
    const recordsPerSecond = database === null ? null : await measureWriting(database.pool, sample);
    const concluded = concludeExploration(
      explored,
      contextOf(config, source, explored, recordsPerSecond),
    );
    return withoutSecretsOf(config.target, concluded);
  } finally {
    source.close();
    await release();
    await database?.close();
  }
}

/** @throws UserError where only the database could keep what the token is got for */
function tokenOf(
  context: SessionContext,
  source: OpenSource,
  database: OpenDatabase | null,
): AccessToken | null {
  if (database !== null) return openToken(context, source, database.pool);
  if (source.oauth?.grant !== 'refresh_token') return passingToken(context, source);
  throw new UserError(
    `The source ${source.spec.name} has a refresh token, which its server may replace: explore it with a database, which keeps the new one.`,
    'usage',
  );
}

function withToken(send: Send, token: AccessToken | null): Send {
  return authorised(send, token, (_, fault) => ({
    ...{ type: 'fault', fault, refusal: null, buffer: null, meta: null },
  }));
}

/** As an ingestion opens it, so that each knows of the starts of the other. */
function memoryOf(source: OpenSource, store: RunStore | null, bucket: string): LimitMemory {
  const work = source.spec.name;
  const limits = store && new LimitStore({ store, key: source.limitKey(bucket), work });
  const declared = limitsOfStream(source);
  return {
    load: async () => withDeclared((await limits?.load()) ?? null, declared),
    reserve: async (request) => limits?.reserve(request) ?? ALONE,
  };
}

function contextOf(
  config: Config,
  source: OpenSource,
  explored: Explored,
  recordsPerSecond: number | null,
): ExplorationContext {
  const { pageLimit, creditBytes, reservedRequests, cursorThresholdMs } = config;
  const { spec, keyHash, runOrigin } = source;
  const declared = limitsOfStream(source);
  const concurrency = Math.min(config.concurrency, declaredConcurrency(declared) ?? Infinity);
  const run = { pageLimit, concurrency, creditBytes, cursorThresholdMs, recordsPerSecond };
  const isFile = spec.codec === null;
  const fileSetting = explored.notebook.subject.sizes === 'unsaid' ? 'page_size' : 'page_size.max';
  return {
    ...{ source: spec, origin: runOrigin, keyHash },
    known: knownOf(source, explored.notebook.pages),
    advice: {
      sizeSetting: isFile ? fileSetting : 'BATCH_SIZE',
      declaresLimits: isFile && declared.length === 0,
    },
    run: { ...run, reserve: reservedRequests },
  };
}

/** What the configuration is about, and what is expected of it before anything was asked. */
export function explorationTarget(config: Config): Pick<ExploreScope, 'subject' | 'expected'> {
  const { target, source, stream, streams } = config;
  if (streams.length > 1) {
    throw new UserError(
      `explore measures one stream at a time; choose one of ${source} with --resource: ${streams.join(', ')}.`,
      'usage',
    );
  }
  const { plan, secrets } = target;
  const spec = sourceOf({ plan, stream, nowMs: nowMs(), secrets });
  if (spec.parent !== null) {
    throw new UserError(
      `explore measures streams that stand by themselves, and ${source}.${stream} is asked for by the records of ${spec.parent.resource}.`,
      'usage',
    );
  }
  const subject = subjectOf(spec);
  if (target.kind === 'api') {
    const policy = spec.defaultPolicy ?? leastDeclared({ ...target, spec, limits: plan.limits });
    return { subject, expected: { latencyMs: spec.codec?.latencyMs ?? USUAL_LATENCY_MS, policy } };
  }
  const { latencyMs, latencyJitterMs, eventsQuota, eventsWindowMs } = settingsFor(target.profile);
  const policy =
    eventsQuota === 0 ? spec.defaultPolicy : { quota: eventsQuota, windowMs: eventsWindowMs };
  return { subject, expected: { latencyMs: latencyMs + latencyJitterMs / 2, policy } };
}

function leastDeclared(source: Parameters<typeof limitsOfStream>[0]): LimitPolicy | null {
  const policies = limitsOfStream(source).flatMap(({ quota, windowMs }) =>
    quota === null || windowMs === null ? [] : [{ quota, windowMs }],
  );
  return leastOf(policies);
}

/** Without a database the log of requests is kept in the exploration's file, where `ingest` finds it. */
async function openIfReachable(context: SessionContext): Promise<OpenDatabase | null> {
  try {
    return await openDatabase(context);
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    const message = `${error.message}; the log of requests goes into the exploration's file alone`;
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
  let last: ExploreProgress = { probe: '', pageRequests: 0, budget: 0, waitsUntilMs: null };
  const startedAtMs = nowMs();
  const render = (): string => exploreLine(last, { nowMs: nowMs(), startedAtMs, expectedMs });
  return whileShown({ render, isQuiet: isJson }, () =>
    work((next) => {
      last = next;
    }),
  );
}
