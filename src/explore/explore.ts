/**
 * An exploration from plan to notebook: runs the probes one after the other and says how far it is.
 *
 *   plan ──▶ probes ──▶ notebook ──▶ findings ──▶ recommendations, prediction
 *            (asker: budget, tokens, saved starts)
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LimitLog } from '../core/limit-log.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { EventSource } from '../source/source.js';
import { Asker, type LimitMemory } from './asker.js';
import { Extent } from './extent.js';
import type { Notebook } from './observations.js';
import { makePlan, type Plan } from './plan.js';
import { EVENTS, type ExploreScope, type ProbeContext } from './probe.js';
import { LISTS, MANIFEST } from './probes/beside.js';
import { emptyCensus } from './read-page.js';
import { epochNowMs, httpTransport, type OpenDispatcher } from './transport.js';

/** Documented for the lists beside the events; their answers say otherwise if it is otherwise. */
const LIST_POLICY: LimitPolicy = { quota: 30, windowMs: 60_000 };
const AT_ONCE_MAX = 4;

/** What the exploration is doing, for a progress line. */
export interface ExploreProgress {
  readonly probe: string;
  readonly eventRequests: number;
  readonly budget: number;
  /** A wait ends then, epoch ms; null: an answer is awaited. */
  readonly waitsUntilMs: number | null;
}

export interface ExploreSettings {
  readonly source: EventSource;
  readonly origin: string;
  readonly basePath: string;
  /** Of every request, the key among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly openDispatcher: OpenDispatcher;
  readonly scope: ExploreScope;
  /** Requests of the quota that are kept back. */
  readonly reserve: number;
  /** By bucket; null where no log outlives the process. */
  readonly memoryOf: (bucket: string) => LimitMemory | null;
  readonly onProgress: (progress: ExploreProgress) => void;
}

export interface Explored {
  readonly notebook: Notebook;
  readonly extent: Extent;
  readonly plan: Plan;
  readonly requests: Readonly<Record<string, number>>;
  /** As learned from headers; null: no answer named one. */
  readonly learnedPolicy: LimitPolicy | null;
  readonly log: LimitLog;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * @throws IngestionError when the API cannot be reached, refuses the key, or is another API; what
 *   was asked until then is in the saved log
 */
export async function explore(settings: ExploreSettings): Promise<Explored> {
  const { source, origin, basePath, scope, onProgress } = settings;
  const plan = makePlan(scope);
  const connections = Math.max(AT_ONCE_MAX, scope.expected.policy.quota);
  const transport = httpTransport(origin, connections, settings.openDispatcher);
  let progress: ExploreProgress = {
    probe: '',
    eventRequests: 0,
    budget: scope.budget,
    waitsUntilMs: null,
  };
  const tell = (change: Partial<ExploreProgress>) => {
    progress = { ...progress, waitsUntilMs: null, ...change };
    onProgress(progress);
  };
  const asker = new Asker({
    source,
    transport,
    headers: settings.headers,
    requestsAtOnce: scope.doesProvoke ? Number.POSITIVE_INFINITY : AT_ONCE_MAX,
    nowMs: epochNowMs,
    sleep: (ms) => delay(ms),
    onWait: (untilMs) => tell({ waitsUntilMs: untilMs }),
    onStart: (bucket, spent) => tell(bucket === EVENTS ? { eventRequests: spent } : {}),
  });
  const startedAtMs = epochNowMs();
  const notebook = emptyNotebook();
  const context: ProbeContext = {
    asker,
    source,
    basePath,
    scope,
    notebook,
    extent: new Extent(),
    nowMs: epochNowMs,
  };
  try {
    notebook.earlierStartsMs = await addBuckets(asker, settings, plan);
    for (const probe of plan.probes) {
      tell({ probe: probe.name });
      await probe.run(context);
    }
    asker.conclude(EVENTS);
  } finally {
    await asker.saveLogs();
    await transport.close();
  }
  for (const bucket of [EVENTS, ...LISTS]) notebook.starts.set(bucket, asker.starts(bucket));
  for (const { name, cost } of plan.dropped) {
    notebook.skipped.set(name, `it takes ${cost(scope)[EVENTS] ?? 0} requests more: --budget`);
  }
  return {
    notebook,
    extent: context.extent,
    plan,
    requests: Object.fromEntries(Object.keys(plan.requests).map((b) => [b, asker.spent(b)])),
    learnedPolicy: asker.isLearned(EVENTS) ? asker.policy(EVENTS) : null,
    log: asker.log(EVENTS),
    startedAtMs,
    endedAtMs: epochNowMs(),
  };
}

/** @returns starts of earlier processes in the events bucket */
async function addBuckets(
  asker: Asker,
  { scope, reserve, memoryOf }: ExploreSettings,
  plan: Plan,
): Promise<readonly number[]> {
  const common = { reserve: 0, memory: null };
  await asker.addBucket({ ...common, name: MANIFEST, budget: 1, policy: null });
  for (const name of LISTS) {
    const budget = plan.requests[name] ?? 0;
    await asker.addBucket({
      name,
      budget,
      policy: LIST_POLICY,
      reserve: 0,
      memory: memoryOf(name),
    });
  }
  return asker.addBucket({
    name: EVENTS,
    budget: scope.budget,
    policy: scope.expected.policy,
    reserve,
    memory: memoryOf(EVENTS),
  });
}

/** Nothing was asked yet. */
export function emptyNotebook(): Notebook {
  return {
    manifest: null,
    pages: [],
    census: emptyCensus(),
    sample: [],
    starts: new Map(),
    earlierStartsMs: [],
    lists: [],
    refusedLimit: null,
    seek: { type: 'untried' },
    together: [],
    lifetime: { type: 'untried' },
    refusal: { type: 'untried' },
    faults: [],
    skipped: new Map(),
  };
}
