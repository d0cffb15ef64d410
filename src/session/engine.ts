/**
 * The engine of a session: the loop, and its use of the threads that the streams of a process share, as one
 * thing that is made, opened, run, drained and closed.
 *
 *   made ──start──▶ open ──run──▶ over ──finish──▶ all is in the database
 *     └──────────────────────────────────close──▶ threads that nobody else uses are gone
 */
import { assert, IngestionError } from '../core/fault.js';
import type { Scheduler } from '../core/scheduler.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { writerSessionName } from '../database/member-sessions.js';
import type { Replacement } from '../database/replace-rows.js';
import { loadingTarget, streamTable } from '../postgres/stream-table.js';
import type { RecordFacts } from '../protocol/record-facts.js';
import type { WriterSettings } from '../protocol/writer-messages.js';
import { nowMs } from '../runtime/clock.js';
import type { FetchPool } from '../runtime/fetch-pool.js';
import { IngestionLoop } from '../runtime/ingestion-loop.js';
import type { RunJournal } from '../runtime/run-journal.js';
import type { RunObserver } from '../runtime/run-observer.js';
import { WriterHandle } from '../runtime/writer-handle.js';
import { authorisedFetch } from './authorised-fetch.js';
import { seenTableOf } from './deletion/unseen-rows.js';
import { replacementOf } from './replacement.js';
import type { SessionParts } from './session-parts.js';
import { warnOfTriggers } from './table-triggers.js';
import type { ThreadUse } from './threads.js';

export class Engine {
  readonly writer: WriterHandle;
  readonly #parts: SessionParts;
  readonly #journal: RunJournal;
  readonly #threads: ThreadUse;
  #loop: IngestionLoop | null = null;

  /** Starts the threads, unless another stream has. */
  constructor(parts: SessionParts, journal: RunJournal) {
    this.#parts = parts;
    this.#journal = journal;
    this.#threads = parts.shared.threads.use((head) => this.#loop?.onHead(head));
    this.writer = this.#makeWriter();
  }

  get fetchPool(): FetchPool {
    return this.#threads.fetchPool;
  }

  /** Puts the loop between its threads. @param observer told what happens in the run */
  assemble(scheduler: Scheduler, observer: RunObserver): void {
    const { source, prepared, shared, token } = this.#parts;
    const { stream, pass } = source.spec;
    const of = { stream, pass };
    this.#loop = new IngestionLoop({
      run: prepared.run.run,
      scheduler,
      fetch: authorisedFetch((task) => this.fetchPool.fetch({ ...task, of }), token),
      tellFetcher: (news) => this.fetchPool.tell(news),
      write: (page) => this.writer.write(page),
      buffers: shared.buffers,
      journal: this.#journal,
      observer,
      nowMs,
    });
  }

  /** Has the writer connect. @throws IngestionError when the database cannot be used */
  async open(): Promise<void> {
    const { context, source, database, prepared, shared, share } = this.#parts;
    const { config, log } = context;
    const merges = source.spec.target.disposition === 'merge';
    const fault = await this.writer.open({
      connectionString: database.connectionString,
      ...shared.writerConnections,
      ...this.#targets(),
      method: config.writeMethod,
      expectsDuplicates: prepared.plan.restarts || (await isOverKnownRows(this.#parts)),
      hasTriggers: await warnOfTriggers(database, streamTable(prepared.run), merges, log),
      provesData: config.provesData,
      seen: seenTableOf(prepared.run),
      epoch: share.holder.epoch,
      sessionName: writerSessionName(share.holder),
      statementTimeoutMs: config.statementTimeoutMs,
      retryForMs: config.databasePatienceMs,
    });
    if (fault !== null) throw new IngestionError(fault);
  }

  /**
   * What the rows of the run will take the place of; null: nothing. A run that was complete is repaired where
   * readers see it.
   */
  get replacement(): Replacement | null {
    const { source, prepared } = this.#parts;
    const replacement = replacementOf(source.spec.target);
    return replacement?.loading === prepared.run.tableName ? replacement : null;
  }

  #targets(): Pick<WriterSettings, 'target' | 'replaced'> {
    const { target } = this.#parts.source.spec;
    const loading = this.replacement === null ? null : loadingTarget(target);
    return loading === null ? { target, replaced: null } : { target: loading, replaced: target };
  }

  /** Rejects only because of a bug. */
  run(): Promise<RunOutcome> {
    return this.#assembled.run();
  }

  /**
   * Its turn to start a request has come: it looks soon, but not within the step of another stream, and
   * behind what the end of that one has to say to it.
   */
  wake(): void {
    setImmediate(() => this.#loop?.wake());
  }

  /** Another member has nothing to do, and this one has the most left. */
  help(): void {
    this.#loop?.told('helpWanted');
  }

  /** Dead members hold segments, and no member is idle. */
  takeLeftBehind(): void {
    this.#loop?.told('leftBehind');
  }

  /** What is in flight is finished, and nothing started. */
  drain(outcome: RunOutcome): void {
    this.#assembled.drain(outcome);
  }

  /** Requests in flight are cut off, also those of other streams; what is fetched is still committed. */
  async cutOff(): Promise<void> {
    await this.fetchPool.close();
  }

  /**
   * Resolves when all that was committed and told is in the database.
   *
   * @returns what the records looked like, told from some of them
   */
  async finish(): Promise<RecordFacts> {
    const facts = await this.writer.close();
    await this.#journal.flush();
    return facts;
  }

  /** A thread left alive would keep the process from ending. */
  async close(): Promise<void> {
    await this.writer.close();
    await this.#threads.release();
  }

  get #assembled(): IngestionLoop {
    assert(this.#loop !== null, 'the engine is assembled before it is used');
    return this.#loop;
  }

  #makeWriter(): WriterHandle {
    const { context, prepared, onlookers } = this.#parts;
    const { log } = context;
    return new WriterHandle({
      thread: this.#threads.writer,
      number: prepared.run.run,
      onWaiting: (fault) => {
        log.warn(
          { event: 'database_awaited', fault },
          `a page waits for the database: ${fault.message}`,
        );
        onlookers.front?.databaseAwaited(fault, null);
      },
      onConnections: (connections, roundTripMs) =>
        log.debug(
          { event: 'connections_changed', connections, roundTripMs },
          `${connections} connections write, to a database that is ${Math.round(roundTripMs)} ms away`,
        ),
    });
  }
}

/** A new run over a table that holds rows already: COPY would fail on every page. */
async function isOverKnownRows({ prepared, store }: SessionParts): Promise<boolean> {
  return prepared.resumedFrom === null && (await store.tableHasRows(streamTable(prepared.run)));
}
