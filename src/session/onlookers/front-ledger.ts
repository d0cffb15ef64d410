/** The ledger as the HTTP server reads it, over connections of its own: whoever looks on takes none from a run. */
import type { Pool } from 'pg';
import type { ClusterView, SharedProgress } from '../../core/cluster-view.js';
import { loadClusterView, loadSharedProgress } from '../../database/cluster-view.js';
import { openPool } from '../../database/connect.js';
import { hasLedger } from '../../database/migrate.js';
import { openRunHistory, type RunHistory, type RunSummary } from '../../database/run-history.js';
import { openRunStore } from '../../database/run-store.js';
import { reportTotals } from '../../observe/run-report.js';
import { answerDeadlineMs } from '../../postgres/client.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionContext } from '../context.js';
import { loadReport } from '../reports/load-report.js';

const CONNECTIONS = 2;
/** A page that looks on must never hold up the ingestion's own statements for long. */
const STATEMENT_TIMEOUT_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;
const PROBE_EVERY_MS = 1_000;
const RUNS_MAX = 50;

/** What it is asked rejects while the database cannot say. */
export class FrontLedger {
  readonly #context: SessionContext;
  #pool: Pool | null = null;
  #connectedTo: string | null = null;
  #history: RunHistory | null = null;
  #probe: { readonly atMs: number; readonly complaint: Promise<string | null> } | null = null;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  connect(connectionString: string): void {
    if (this.#connectedTo === connectionString) return;
    void this.#pool?.end();
    this.#connectedTo = connectionString;
    this.#history = null;
    this.#pool = openPool(connectionString, {
      max: CONNECTIONS,
      applicationName: 'datasync-http',
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      silenceMs: answerDeadlineMs(STATEMENT_TIMEOUT_MS),
    });
  }

  get isConnected(): boolean {
    return this.#pool !== null;
  }

  async close(): Promise<void> {
    await this.#pool?.end();
  }

  /** Newest first. */
  async runs(countMax = RUNS_MAX): Promise<readonly RunSummary[]> {
    return (await (await this.#open())?.listRuns(countMax)) ?? [];
  }

  /** Null: there is no such run. */
  async report(run: number): Promise<object | null> {
    if (this.#pool === null || (await this.#open()) === null) return null;
    const known = await openRunStore(this.#pool).findRun(run);
    if (known === null) return null;
    const { report, ledger } = await loadReport(this.#pool, this.#context.config, known);
    const { verification } = report;
    return { ...ledger, status: report.status, totals: reportTotals(report), verification };
  }

  /** Where the map of segments begins and ends; without it the map is only less exact. Never rejects. */
  async extent(run: number): ReturnType<RunHistory['extent']> {
    try {
      const ledger = await this.#open();
      if (ledger !== null) return await ledger.extent(run);
    } catch (error) {
      const { message } = error as Error;
      this.#context.log.warn({ event: 'extent_unknown' }, `the dashboard's map: ${message}`);
    }
    return { newestMs: null, oldestMs: null };
  }

  /** Null: there is no ledger yet. */
  async cluster(): Promise<ClusterView | null> {
    if (this.#pool === null || (await this.#open()) === null) return null;
    return loadClusterView(this.#pool);
  }

  /** Null: there is no ledger yet. */
  async sharedProgress(): Promise<readonly SharedProgress[] | null> {
    if (this.#pool === null || (await this.#open()) === null) return null;
    return loadSharedProgress(this.#pool);
  }

  /** Null: the database answers. However often this is asked, it is asked once a second. */
  complaint(): Promise<string | null> {
    const atMs = nowMs();
    if (this.#probe === null || atMs - this.#probe.atMs >= PROBE_EVERY_MS) {
      this.#probe = { atMs, complaint: probe(this.#pool) };
    }
    return this.#probe.complaint;
  }

  /** Null while the database has none: an ingestion may still make it. */
  async #open(): Promise<RunHistory | null> {
    if (this.#history === null && this.#pool !== null && (await hasLedger(this.#pool))) {
      this.#history = openRunHistory(this.#pool);
    }
    return this.#history;
  }
}

async function probe(pool: Pool | null): Promise<string | null> {
  if (pool === null) return 'not opened yet';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${PROBE_TIMEOUT_MS} ms`), PROBE_TIMEOUT_MS);
  });
  const answered = pool.query('SELECT 1').then(
    () => null,
    () => 'out of reach',
  );
  const complaint = await Promise.race([answered, late]);
  clearTimeout(timer);
  return complaint;
}
