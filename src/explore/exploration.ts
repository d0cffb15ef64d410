/** Puts an exploration together: findings, advice, and what an ingestion starts from. */

import { longestStarts } from '../core/limit-log.js';
import type { Source } from '../source/source.js';
import type { Explored } from './explore.js';
import type { Finding } from './finding.js';
import { median } from './finding.js';
import { latencySamples, typicalLatencies } from './findings/about-latency.js';
import { findingsOf, type KnownSource, numberOf } from './findings/findings.js';
import { advise, type Circumstances } from './recommend.js';
import { EXPLORATION_VERSION, type Exploration, explorationForm } from './schema.js';

/** What the caller knows of the run that will follow, and of the target. */
export interface ExplorationContext {
  readonly source: Source;
  readonly known: KnownSource;
  readonly origin: string;
  readonly keyHash: string;
  readonly advice: Pick<Circumstances, 'sizeSetting' | 'declaresLimits'>;
  readonly run: Pick<
    Circumstances,
    | 'pageLimit'
    | 'concurrency'
    | 'creditBytes'
    | 'reserve'
    | 'cursorThresholdMs'
    | 'recordsPerSecond'
  >;
}

/** @returns what exploration.json holds, checked against its own schema */
export function concludeExploration(explored: Explored, context: ExplorationContext): Exploration {
  const { notebook, extent, plan, learnedPolicy } = explored;
  const { source, known, origin, keyHash, run, advice } = context;
  const findings: Finding[] = findingsOf(notebook, extent, known);
  const { pageRecords, fullMs } = latencySamples(notebook.pages);
  const { recommendations, prediction } = advise(findings, {
    ...run,
    ...advice,
    declaresLimits: advice.declaresLimits && !explored.isLeaky,
    subject: notebook.subject,
    policy: learnedPolicy,
    pace: explored.log.pace,
    assumedPolicy: source.defaultPolicy,
    latenciesMs: typicalLatencies(fullMs),
    sampledRecords: pageRecords,
    pageLimitMax: source.pageLimitMax,
    cursorLifeMs: source.paging.cursorLifeMs,
  });
  return explorationForm.parse({
    version: EXPLORATION_VERSION,
    source: source.name,
    stream: source.stream,
    origin,
    startedAt: new Date(explored.startedAtMs).toISOString(),
    endedAt: new Date(explored.endedAtMs).toISOString(),
    requests: { atMost: plan.requests, used: explored.requests },
    findings,
    recommendations,
    prediction,
    startingValues: {
      pageRecords: numberOf(findings, 'page.largest-size') ?? numberOf(findings, 'page.size'),
      policy: learnedPolicy,
      bytesPerRecord: numberOf(findings, 'record.bytes'),
      latencyMs: Math.round(median(fullMs)),
    },
    limitLog: {
      bucket: source.bucket,
      keyHash,
      policy: learnedPolicy,
      startsMs: [...longestStarts(explored.log)],
    },
  });
}
