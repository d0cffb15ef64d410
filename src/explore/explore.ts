/**
 * An exploration from plan to notebook: runs the probes one after the other and says how far it is.
 *
 *   plan ──▶ probes ──▶ notebook ──▶ findings ──▶ recommendations, prediction
 *            (asker: budget, tokens, saved starts)
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { LimitLog } from '../core/limit-log.js';
import type { LimitPolicy } from '../core/token-bucket.js';
import type { FetchWorkerSettings } from '../protocol/fetch-messages.js';
import type { Source } from '../source/source.js';
import { Asker, type LimitMemory } from './asker.js';
import { emptyCensus } from './census.js';
import { Extent } from './extent.js';
import type { Notebook } from './observations.js';
import { makePlan, type Plan } from './plan.js';
import { type ExploreScope, PAGES, type ProbeContext } from './probe.js';
import { MANIFEST } from './probes/beside.js';
import { streamPages } from './stream-pages.js';
import type { Subject } from './subject.js';
import { epochNowMs, openTransport, type Send } from './transport.js';

const AT_ONCE_MAX = 4;

/** What the exploration is doing, for a progress line. */
export interface ExploreProgress {
  readonly probe: string;
  readonly pageRequests: number;
  readonly budget: number;
  /** A wait ends then, epoch ms; null: an answer is awaited. */
  readonly waitsUntilMs: number | null;
}

export interface ExploreSettings {
  readonly source: Source;
  /** As an ingestion has them. */
  readonly fetchSettings: FetchWorkerSettings;
  /** Adds the access token, where one is needed. @default none is */
  readonly authorise?: (send: Send) => Send;
  /** At most, as the source file declares it; null: it does not. @default null */
  readonly requestsAtOnce?: number | null;
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
  /** Whether a limit is a bucket that leaks. */
  readonly isLeaky: boolean;
  readonly log: LimitLog;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * @throws IngestionError when the API cannot be reached, refuses the key, or is another API; what
 *   was asked until then is in the saved log
 */
export async function explore(settings: ExploreSettings): Promise<Explored> {
  const { source, fetchSettings, scope, onProgress, authorise = (send) => send } = settings;
  const plan = makePlan(scope);
  const connectionsMax = Math.max(AT_ONCE_MAX, scope.expected.policy?.quota ?? 0);
  const transport = await openTransport({ ...fetchSettings, connectionsMax }, source);
  const pages = streamPages(source, fetchSettings.baseUrl);
  const atOnceMax = scope.doesProvoke ? Number.POSITIVE_INFINITY : AT_ONCE_MAX;
  let progress: ExploreProgress = {
    probe: '',
    pageRequests: 0,
    budget: scope.budget,
    waitsUntilMs: null,
  };
  const tell = (change: Partial<ExploreProgress>) => {
    progress = { ...progress, waitsUntilMs: null, ...change };
    onProgress(progress);
  };
  const asker = new Asker({
    send: authorise(transport.send),
    requestsAtOnce: Math.min(atOnceMax, settings.requestsAtOnce ?? atOnceMax),
    nowMs: epochNowMs,
    sleep: (ms) => delay(ms),
    onWait: (untilMs) => tell({ waitsUntilMs: untilMs }),
    onStart: (bucket, spent) => tell(bucket === PAGES ? { pageRequests: spent } : {}),
  });
  const startedAtMs = epochNowMs();
  const notebook = emptyNotebook(pages.subject);
  const context: ProbeContext = {
    asker,
    pages,
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
    asker.conclude(PAGES);
  } finally {
    await asker.saveLogs();
    await transport.close();
  }
  notebook.starts.set(PAGES, asker.starts(PAGES));
  for (const { name, cost } of plan.dropped) {
    notebook.skipped.set(name, `it takes ${cost(scope)[PAGES] ?? 0} requests more: --budget`);
  }
  for (const { name, reason } of plan.unfit) notebook.skipped.set(name, reason);
  return {
    notebook,
    extent: context.extent,
    plan,
    requests: spentOf(asker, plan, pages.subject),
    learnedPolicy: asker.isLearned(PAGES) ? asker.policy(PAGES) : null,
    isLeaky: asker.isLeaky(PAGES),
    log: asker.log(PAGES),
    startedAtMs,
    endedAtMs: epochNowMs(),
  };
}

function spentOf(asker: Asker, plan: Plan, { bucket }: Subject): Record<string, number> {
  const spent = Object.keys(plan.requests).map((name) => {
    return [name, asker.spent(name === bucket ? PAGES : name)] as const;
  });
  return Object.fromEntries(spent);
}

/** @returns starts of earlier processes in the bucket of the pages */
async function addBuckets(
  asker: Asker,
  { scope, reserve, memoryOf }: ExploreSettings,
  plan: Plan,
): Promise<readonly number[]> {
  const { beside, bucket } = scope.subject;
  if (beside !== null) {
    const common = { reserve: 0, memory: null };
    await asker.addBucket({ ...common, name: MANIFEST, budget: 1, policy: null });
    for (const name of beside.lists) {
      const budget = plan.requests[name] ?? 0;
      const memory = memoryOf(name);
      await asker.addBucket({ name, budget, policy: beside.listPolicy, reserve: 0, memory });
    }
  }
  const { policy } = scope.expected;
  const memory = memoryOf(bucket);
  return asker.addBucket({ name: PAGES, budget: scope.budget, policy, reserve, memory });
}

/** Nothing was asked yet. */
export function emptyNotebook(subject: Subject): Notebook {
  return {
    subject,
    manifest: null,
    pages: [],
    census: emptyCensus(),
    sample: [],
    starts: new Map(),
    earlierStartsMs: [],
    lists: [],
    refusedLimit: null,
    seek: { type: 'untried' },
    far: null,
    together: [],
    lifetime: { type: 'untried' },
    refusal: { type: 'untried' },
    faults: [],
    skipped: new Map(),
  };
}
