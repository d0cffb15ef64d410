/**
 * Spans of a run: one trace a page, from its first request to its commit.
 *
 *   page ──┬── fetch    request to last byte; one for each attempt
 *          ├── scan
 *          └── write    begun by the writer to committed
 *
 * A run is no span: it would be seen only at its end, an hour later, and not at all after a crash.
 * Every page carries the run's number instead. A request that only asks for a cursor again is a trace
 * of its own, `refresh` with a `fetch` below it.
 *
 * The fetch worker and the writer say when they began and ended; nothing is measured here.
 */
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Fault } from '../../core/fault.js';
import type { SchedulerCommand } from '../../core/scheduler-types.js';
import type { PageHead, PageResult, ResponseMeta } from '../../protocol/fetch-messages.js';
import type { WriteResult } from '../../protocol/writer-messages.js';

type FetchCommand = Extract<SchedulerCommand, { type: 'fetch' }>;
type WriteCommand = Extract<SchedulerCommand, { type: 'write' }>;

export interface PageSpansParts {
  readonly tracer: Tracer;
  readonly run: number;
  /** Where pages are asked for: absolute, without the query, which holds the cursor. */
  readonly url: URL;
  /** Epoch ms with fractions, of the same clock as the workers'. */
  readonly nowMs: () => number;
}

interface OpenPage {
  readonly key: string;
  readonly span: Span;
  /** Makes spans children of `span`. */
  readonly context: Context;
  attempts: number;
  /** The attempt that counts: what an earlier one still brings is no news of this page. */
  taskId: number;
  fault: SpanFault | null;
}

type SpanFault = { readonly code: Fault['code'] | 'NOT_COMMITTED'; readonly message: string };

interface Task {
  readonly page: OpenPage;
  readonly limit: number;
  readonly isRefresh: boolean;
  readonly startedAtMs: number;
  /** When the body had come; null before. */
  fetchedAtMs: number | null;
  scannedAtMs: number | null;
}

/** A RunObserver. Instants are epoch ms. */
export class PageSpans {
  readonly #parts: PageSpansParts;
  readonly #server: Attributes;
  /** Pages begun and not committed, by segment and page. */
  readonly #pages = new Map<string, OpenPage>();
  readonly #tasks = new Map<number, Task>();

  constructor(parts: PageSpansParts) {
    this.#parts = parts;
    const { href, hostname, port, protocol } = parts.url;
    this.#server = {
      'http.request.method': 'GET',
      'url.full': href,
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    };
  }

  fetchStarted(command: FetchCommand): void {
    const startedAtMs = this.#parts.nowMs();
    const page = this.#pageOf(command, startedAtMs);
    this.#tasks.delete(page.taskId);
    page.attempts += 1;
    page.taskId = command.taskId;
    this.#tasks.set(command.taskId, {
      page,
      limit: command.limit,
      isRefresh: command.isHeadOnly,
      startedAtMs,
      fetchedAtMs: null,
      scannedAtMs: null,
    });
  }

  headSeen({ taskId, meta }: PageHead): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    task.fetchedAtMs = meta.endAtMs;
    this.#startFetch(task, meta).end(meta.endAtMs);
    if (task.isRefresh) this.#close(task.page, meta.endAtMs);
  }

  scanned({ taskId, scanMs, scannedAtMs, batch }: Extract<PageResult, { type: 'page' }>): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    task.scannedAtMs = scannedAtMs;
    this.#startChild(task.page, 'scan', scannedAtMs - scanMs, {
      attributes: { 'datasync.rows': batch?.rowCount ?? 0 },
    }).end(scannedAtMs);
  }

  /** Before its head is read the request failed, after it the scan. */
  fetchFailed({ taskId }: FetchCommand, fault: Fault, meta: ResponseMeta | null): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    this.#tasks.delete(taskId);
    const nowMs = this.#parts.nowMs();
    if (task.fetchedAtMs === null) {
      endWithFault(this.#startFetch(task, meta), fault, meta?.endAtMs ?? nowMs);
    } else endWithFault(this.#startChild(task.page, 'scan', task.fetchedAtMs), fault, nowMs);
    task.page.fault = fault;
    if (task.isRefresh) this.#close(task.page, nowMs);
  }

  committed({ taskId }: WriteCommand, result: Extract<WriteResult, { type: 'committed' }>): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    const { counts, method, writeMs, committedAtMs } = result;
    this.#startChild(task.page, 'write', committedAtMs - writeMs, {
      kind: SpanKind.CLIENT,
      attributes: {
        'db.system.name': 'postgresql',
        'datasync.method': method,
        'datasync.rows.inserted': counts.inserted,
        'datasync.rows.updated': counts.updated,
        'datasync.rows.duplicate': counts.duplicate,
        'datasync.rows.quarantined': counts.quarantined,
      },
    }).end(committedAtMs);
    task.page.fault = null;
    this.#close(task.page, committedAtMs);
  }

  /** When a write that failed began is not known: its span begins with the end of the scan. */
  writeFailed({ taskId }: WriteCommand, fault: Fault): void {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return;
    const nowMs = this.#parts.nowMs();
    const span = this.#startChild(task.page, 'write', task.scannedAtMs ?? nowMs, {
      kind: SpanKind.CLIENT,
      attributes: { 'db.system.name': 'postgresql' },
    });
    endWithFault(span, fault, nowMs);
    task.page.fault = fault;
    this.#close(task.page, nowMs);
  }

  noticed(): void {}

  /** The run is over: pages that were begun and never committed end here, as failed. */
  end(): void {
    const nowMs = this.#parts.nowMs();
    for (const page of [...this.#pages.values()]) {
      page.fault ??= NOT_COMMITTED;
      this.#close(page, nowMs);
    }
  }

  #pageOf(command: FetchCommand, startedAtMs: number): OpenPage {
    const { segment, page, isHeadOnly } = command;
    const name = isHeadOnly ? 'refresh' : 'page';
    const key = `${name} ${segment}/${page}`;
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const attributes = {
      'datasync.run': this.#parts.run,
      'datasync.segment': segment,
      'datasync.page': page,
    };
    const options = { startTime: startedAtMs, attributes };
    const span = this.#parts.tracer.startSpan(name, options, ROOT_CONTEXT);
    const context = trace.setSpan(ROOT_CONTEXT, span);
    const opened = { key, span, context, attempts: 0, taskId: command.taskId, fault: null };
    this.#pages.set(key, opened);
    return opened;
  }

  /** @param meta null: no answer came */
  #startFetch(task: Task, meta: ResponseMeta | null): Span {
    const { attempts } = task.page;
    return this.#startChild(task.page, 'fetch', meta?.sentAtMs ?? task.startedAtMs, {
      kind: SpanKind.CLIENT,
      attributes: {
        ...this.#server,
        'datasync.limit': task.limit,
        'datasync.attempt': attempts,
        ...(attempts > 1 ? { 'http.request.resend_count': attempts - 1 } : {}),
        ...(meta === null ? {} : answerAttributes(meta)),
      },
    });
  }

  #startChild(
    page: OpenPage,
    name: string,
    startTime: number,
    options: { kind?: SpanKind; attributes?: Attributes } = {},
  ): Span {
    return this.#parts.tracer.startSpan(name, { ...options, startTime }, page.context);
  }

  #close(page: OpenPage, endAtMs: number): void {
    const { span, fault } = page;
    span.setAttribute('datasync.attempts', page.attempts);
    if (fault === null) span.end(endAtMs);
    else endWithFault(span, fault, endAtMs);
    this.#pages.delete(page.key);
    this.#tasks.delete(page.taskId);
  }
}

const NOT_COMMITTED: SpanFault = {
  code: 'NOT_COMMITTED',
  message: 'the page was not committed by this process',
};

function answerAttributes({ status, bodyBytes, requestId }: ResponseMeta): Attributes {
  return {
    'http.response.status_code': status,
    'http.response.body.size': bodyBytes,
    ...(requestId === null ? {} : { 'datasync.request_id': requestId }),
  };
}

function endWithFault(span: Span, fault: SpanFault, endAtMs: number): void {
  span.setAttribute('error.type', fault.code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: fault.message });
  span.end(endAtMs);
}
