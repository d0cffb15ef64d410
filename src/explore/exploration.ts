/** Puts an exploration together: findings, advice, and what an ingestion starts from. */

import { longestStarts } from '../core/limit-log.js';
import type { EventSource } from '../source/source.js';
import type { Explored } from './explore.js';
import type { Finding } from './finding.js';
import { median } from './finding.js';
import { latencySamples, typicalLatencies } from './findings/about-latency.js';
import { findingsOf, numberOf } from './findings/findings.js';
import { EVENTS } from './probe.js';
import { advise, type Circumstances } from './recommend.js';
import { EXPLORATION_VERSION, type Exploration, explorationForm } from './schema.js';

/** What the caller knows of the run that will follow, and of the target. */
export interface ExplorationContext {
  readonly source: EventSource;
  readonly origin: string;
  readonly keyHash: string;
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
  const { source, origin, keyHash, run } = context;
  const findings: Finding[] = findingsOf(notebook, extent, source);
  const { pageRecords, fullMs } = latencySamples(notebook.pages);
  const { recommendations, prediction } = advise(findings, {
    ...run,
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
    origin,
    startedAt: new Date(explored.startedAtMs).toISOString(),
    endedAt: new Date(explored.endedAtMs).toISOString(),
    requests: { atMost: plan.requests, used: explored.requests },
    findings,
    recommendations,
    prediction,
    startingValues: {
      pageRecords: numberOf(findings, 'page.largest-size'),
      policy: learnedPolicy,
      bytesPerRecord: numberOf(findings, 'record.bytes'),
      latencyMs: Math.round(median(fullMs)),
    },
    limitLog: {
      bucket: EVENTS,
      keyHash,
      policy: learnedPolicy,
      startsMs: [...longestStarts(explored.log)],
    },
  });
}
