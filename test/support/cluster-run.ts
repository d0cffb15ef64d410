/** A run that real processes share while something breaks, and what has become of it at the end. */
import { appendFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Pool } from 'pg';
import { expect, vi } from 'vitest';
import { openPool } from '../../src/database/connect.js';
import { epochsOf, heldBy, pagesWritten, takenOverAtMs } from './holder-journal.js';
import {
  differenceFromTruth,
  environmentFor,
  ledgerSums,
  runStatus,
  type Simulation,
} from './ingest-check.js';
import type { Exit, IngestFolder, IngestProcess, LogLine } from './ingest-process.js';
import { expectPaced } from './own-starts.js';
import { type Changes, SharedRun } from './shared-run.js';

/** A file that gets a line of JSON for each run. */
const TABLE = process.env.FAULT_TABLE;
/** Promised to hold at the default lease. */
const TAKEOVER_MS = 15_000;
/**
 * The API of a test counts in the process of the test: what comes while that stands still is late for it. A limit is kept
 * with a margin of 0.2 % of its window, and beyond that a request or two may be refused through nobody's fault.
 */
const MARGIN_SHARE = 0.002;
const REFUSED_BY_STALLS_MAX = 2;
/** Of the answers, once the run is to end soon. */
const HURRIED_MS = 300;
const WAIT = { timeout: 100_000, interval: 50 };

export interface ClusterParts {
  /** Of fault, for the table. */
  readonly kind: string;
  readonly database: { readonly connectionString: string };
  readonly folder: IngestFolder;
  readonly simulator: Simulation;
  /** Null: the processes share nothing. */
  readonly redis: { readonly url: string } | null;
  /** Of all members. */
  readonly env: Readonly<Record<string, string>>;
}

/** A member that has died or stands still, and what it held then. */
export interface Death {
  readonly epoch: number;
  readonly held: readonly number[];
  /** Epoch ms. */
  readonly atMs: number;
}

/** Exit codes of members that need not end with 0. */
type OtherEnds = ReadonlyMap<IngestProcess, readonly number[]>;

export class ClusterRun {
  readonly #parts: ClusterParts;
  readonly #run: SharedRun;
  readonly #members: IngestProcess[] = [];
  readonly #workers = new Set<IngestProcess>();
  readonly #skewsMs = new Map<IngestProcess, number>();
  readonly #stalls: IntervalHistogram = monitorEventLoopDelay({ resolution: 2 });
  #takeoverMs: number | null = null;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#stalls.enable();
    this.#run = new SharedRun(parts);
  }

  ingest(changes?: Changes): IngestProcess {
    return this.#started(this.#run.ingest(changes));
  }

  worker(changes?: Changes): IngestProcess {
    const worker = this.#started(this.#run.worker(changes));
    this.#workers.add(worker);
    return worker;
  }

  /** A member whose clock is so far ahead. */
  skewed(skewMs: number): IngestProcess {
    const member = this.ingest({ nodeFlags: [`--import=${skewing(skewMs)}`] });
    this.#skewsMs.set(member, skewMs);
    return member;
  }

  /** Starts so many, and resolves once each of them has committed a page. */
  async walking(count: number): Promise<IngestProcess[]> {
    const members = Array.from({ length: count }, () => this.ingest());
    await Promise.all(members.map((member) => member.untilLog('page_committed')));
    return members;
  }

  /** `walking`, where the fault needs two. */
  async twoWalking(): Promise<readonly [IngestProcess, IngestProcess]> {
    const [one, other] = await this.walking(2);
    if (one === undefined || other === undefined) throw new Error('two are started');
    return [one, other];
  }

  withPool<T>(use: (pool: Pool) => Promise<T>): Promise<T> {
    return withPool(this.#parts.database, use);
  }

  /** What a member holds now, with the instant. */
  async holdings({ pid }: IngestProcess): Promise<Death> {
    const atMs = Date.now();
    return this.withPool(async (pool) => {
      const epoch = (await epochsOf(pool, pid)).at(-1);
      if (epoch === undefined) throw new Error(`process ${pid} has never joined`);
      return { epoch, held: await heldBy(pool, epoch), atMs };
    });
  }

  /** Ends a member, or stops it: now, or when it next holds something. */
  async strike(member: IngestProcess, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): Promise<Death> {
    for (;;) {
      member.signal('SIGSTOP');
      const death = await this.holdings(member);
      if (death.held.length > 0) {
        member.signal(signal);
        if (signal === 'SIGKILL') await member.end();
        return death;
      }
      const next = member.untilLog('page_requested');
      member.signal('SIGCONT');
      await next;
    }
  }

  /** Waits until others have taken all that it held. */
  async untilTakenOver({ epoch, held }: Death): Promise<void> {
    await this.withPool((pool) =>
      vi.waitFor(async () => {
        expect(await takenOverAtMs(pool, epoch, held), `segments ${held}`).not.toBeNull();
      }, WAIT),
    );
  }

  /** Waits until a segment that it held has ended, by another's hand. */
  async untilFinishedByOthers({ held }: Death): Promise<void> {
    await this.withPool((pool) =>
      vi.waitFor(async () => {
        const { rowCount } = await pool.query(
          `SELECT FROM ingestion_segments WHERE segment = ANY($1::integer[]) AND status = 'ended'`,
          [held],
        );
        expect(rowCount, `ended ones of segments ${held}`).toBeGreaterThan(0);
      }, WAIT),
    );
  }

  /** Fails unless others have taken all that it held within the promised time. */
  async expectTakenOver({ epoch, held, atMs }: Death): Promise<void> {
    const takenMs = await this.withPool((pool) => takenOverAtMs(pool, epoch, held));
    if (takenMs === null) throw new Error(`segments ${held} of member ${epoch} are not taken over`);
    this.noteTakeover(takenMs - atMs);
  }

  /** Fails where it took longer than is promised. */
  noteTakeover(tookMs: number): void {
    this.#takeoverMs = Math.max(this.#takeoverMs ?? 0, tookMs);
    expect(tookMs, 'until the takeover, in ms').toBeLessThan(TAKEOVER_MS);
  }

  /** Fails where a member has written a page since others have taken what it held. */
  async expectSilent({ epoch, held }: Death): Promise<void> {
    await this.withPool(async (pool) => {
      const takenMs = await takenOverAtMs(pool, epoch, held);
      expect(await pagesWritten(pool, epoch, takenMs ?? 0), 'pages behind its successor').toBe(0);
    });
  }

  /** The API answers sooner from now on: the members come to the limit. */
  hurry(): void {
    this.#parts.simulator.settings.latencyMs = HURRIED_MS;
  }

  /** Awaits the end of all members. */
  async end(others: OtherEnds = new Map()): Promise<Exit[]> {
    this.hurry();
    const ingesting = this.#members.filter((member) => !this.#workers.has(member));
    await Promise.all(ingesting.map((member) => member.end()));
    for (const worker of this.#workers) worker.signal('SIGTERM');
    const exits = await Promise.all(this.#members.map((member) => member.end()));
    for (const [nth, { code, signal, stderr }] of exits.entries()) {
      const member = this.#members[nth];
      if (signal === 'SIGKILL' || member === undefined) continue;
      expect(others.get(member) ?? [0], stderr.slice(-4_000)).toContain(code);
    }
    return exits;
  }

  /** Fails unless table and ledger hold exactly what the API does, once, and nobody has asked too much. */
  async expectRight(exits: readonly Exit[]): Promise<void> {
    const { kind, simulator, database, folder } = this.#parts;
    const { settings } = simulator;
    this.#stalls.disable();
    const { difference, sums, status } = await this.withPool(async (pool) => ({
      difference: await differenceFromTruth(pool, settings),
      sums: await ledgerSums(pool),
      status: await runStatus(pool),
    }));
    const verified = await folder.run(['verify', '--json'], environmentFor(simulator, database));
    const { refused, pagesServed } = simulator.stats();
    note({
      kind,
      lost: settings.events - difference.rows,
      doubled: sums.inserted - difference.rows,
      askedAgain: pagesServed - sums.pages,
      refused,
      takeoverMs: this.#takeoverMs,
    });
    expect(difference).toEqual({ rows: settings.events, missing: [], wrong: [] });
    expect(sums).toMatchObject({ inserted: settings.events, quarantined: 0, unbalanced: 0 });
    expect(status).toBe('complete');
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
    const paced = exits.map(({ stderr }, nth) => {
      const member = this.#members[nth];
      return { stderr, skewMs: (member && this.#skewsMs.get(member)) ?? 0 };
    });
    expectPaced(paced, settings);
    const isStalled = this.#stalls.max / 1e6 > settings.eventsWindowMs * MARGIN_SHARE;
    expect(refused, 'requests that the API has refused').toBeLessThanOrEqual(
      isStalled ? REFUSED_BY_STALLS_MAX : 0,
    );
  }

  #started(member: IngestProcess): IngestProcess {
    this.#members.push(member);
    return member;
  }
}

export async function withPool<T>(
  { connectionString }: { readonly connectionString: string },
  use: (pool: Pool) => Promise<T>,
): Promise<T> {
  const pool = openPool(connectionString, { max: 2, applicationName: 'datasync-test' });
  return use(pool).finally(() => pool.end());
}

/** When the program said this, epoch ms by its clock. */
export function timeOf({ time }: LogLine): number {
  return Date.parse(String(time));
}

/** A module that sets the clocks of its process, and of each of its threads. */
function skewing(skewMs: number): string {
  const source = `
    const { now } = Date;
    Date.now = () => now() + ${skewMs};
    globalThis.Date = class extends Date {
      constructor(...args) { super(...(args.length === 0 ? [Date.now()] : args)); }
    };
    Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + ${skewMs} });`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

function note(figures: Readonly<Record<string, unknown>>): void {
  if (TABLE !== undefined) appendFileSync(TABLE, `${JSON.stringify(figures)}\n`);
}
