/**
 * Metrics in Prometheus's text format: counted as the loop tells it, asked of the engine when they
 * are scraped. docs/metrics.md lists them.
 *
 * Counters are this process's own and begin at zero, as Prometheus expects of a restart.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Fault } from '../core/fault.js';
import type { Notice } from '../core/scheduler-types.js';
import type { PageHead, PageResult, ResponseMeta } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';

const STAGE_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const ROW_OUTCOMES = ['inserted', 'updated', 'duplicate', 'quarantined'] as const;

export class RunMetrics {
  readonly registry: Registry;
  readonly #rows: Counter<'outcome'>;
  readonly #pages: Counter<'method'>;
  readonly #bytes: Counter;
  readonly #requests: Counter<'status'>;
  readonly #refusals: Counter;
  readonly #retries: Counter;
  readonly #faults: Counter<'code'>;
  readonly #headSeconds: Histogram;
  readonly #stageSeconds: Histogram<'stage'>;
  readonly #lastCommit: Gauge;
  readonly #nowMs: () => number;

  /** @param nowMs epoch ms */
  constructor(registry: Registry, nowMs: () => number) {
    this.registry = registry;
    this.#nowMs = nowMs;
    const registers = [registry];
    this.#rows = new Counter({
      name: 'datasync_rows_total',
      help: 'Records of committed pages, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#pages = new Counter({
      name: 'datasync_pages_total',
      help: 'Committed pages, by how they were written.',
      labelNames: ['method'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'datasync_bytes_total',
      help: 'Bytes of response bodies received.',
      registers,
    });
    this.#requests = new Counter({
      name: 'datasync_requests_total',
      help: 'Requests that are over, by HTTP status; none: no answer came.',
      labelNames: ['status'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'datasync_refusals_total',
      help: 'Requests that the API refused for its limit (429).',
      registers,
    });
    this.#retries = new Counter({
      name: 'datasync_retries_total',
      help: 'Pages asked for again after a fault.',
      registers,
    });
    this.#faults = new Counter({
      name: 'datasync_faults_total',
      help: 'Failed fetches and writes, by fault code.',
      labelNames: ['code'],
      registers,
    });
    this.#headSeconds = new Histogram({
      name: 'datasync_head_latency_seconds',
      help: "From a request's start to the head of its answer.",
      buckets: STAGE_SECONDS,
      registers,
    });
    this.#stageSeconds = new Histogram({
      name: 'datasync_stage_duration_seconds',
      help: 'Time of a page in each stage: fetch (request to last byte), scan, write.',
      labelNames: ['stage'],
      buckets: STAGE_SECONDS,
      registers,
    });
    this.#lastCommit = new Gauge({
      name: 'datasync_last_commit_timestamp_seconds',
      help: 'When a page with records was last committed, seconds since the epoch; 0: none yet.',
      registers,
    });
    // A series that is there from the start has a rate from the first increase on.
    for (const outcome of ROW_OUTCOMES) this.#rows.inc({ outcome }, 0);
  }

  fetchStarted(): void {}

  headSeen({ meta }: PageHead): void {
    this.#requests.inc({ status: meta.status });
    this.#bytes.inc(meta.bodyBytes);
    this.#headSeconds.observe(seconds(meta.headAtMs - meta.sentAtMs));
    this.#stageSeconds.observe({ stage: 'fetch' }, seconds(meta.endAtMs - meta.sentAtMs));
  }

  scanned(result: Extract<PageResult, { type: 'page' }>): void {
    this.#stageSeconds.observe({ stage: 'scan' }, seconds(result.scanMs));
  }

  fetchFailed(_: unknown, fault: Fault, meta: ResponseMeta | null): void {
    this.#requests.inc({ status: meta?.status ?? 'none' });
    if (fault.code === 'RATE_LIMITED') this.#refusals.inc();
    this.#faults.inc({ code: fault.code });
  }

  committed(_: unknown, result: Extract<WriteResult, { type: 'committed' }>): void {
    for (const outcome of ROW_OUTCOMES) this.#rows.inc({ outcome }, result.counts[outcome]);
    this.#pages.inc({ method: result.method });
    this.#stageSeconds.observe({ stage: 'write' }, seconds(result.writeMs));
    // Pages without a record may come for ever.
    if (result.counts.returned > 0) this.#lastCommit.set(this.#nowMs() / 1000);
  }

  writeFailed(_: unknown, fault: Fault): void {
    this.#faults.inc({ code: fault.code });
  }

  noticed(notice: Notice): void {
    if (notice.event === 'page_retried' || notice.event === 'page_paused') this.#retries.inc();
  }
}

/** A registry with Node's own metrics: event-loop delay, memory, collections, handles. */
export function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1000;
}
