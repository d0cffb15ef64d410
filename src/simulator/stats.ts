/** What the simulator saw and did, for tests and benches to judge a client by. */
import type { FaultKind } from './faults.js';

/** Arrival times kept at most; a run of 3,000,000 events has about 600. */
const ARRIVALS_MAX = 1_000_000;

/** A copy of the counts; `GET /__sim/stats` answers with it as JSON. */
export interface SimulatorStats {
  /** Answers by endpoint, then by status; status "none" is a connection cut before a head. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Answers with 429, all endpoints. */
  readonly refused: number;
  /** Epoch ms of every request to the events bucket with the right key, refused ones too. */
  readonly eventsArrivalsMs: readonly number[];
  /** Pages of the events list that were sent whole and unspoilt, and how many of them differ. */
  readonly pagesServed: number;
  readonly distinctPagesServed: number;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly bodyBytesSent: number;
  /** CPU time of the whole process that the simulator runs in. */
  readonly cpuMs: number;
  readonly submissions: readonly SubmissionRecord[];
}

/** One accepted submission, judged against the data set. */
export interface SubmissionRecord {
  readonly eventCount: number;
  /** Distinct ids among them that the API has. */
  readonly knownCount: number;
  readonly githubRepoUrl: string;
}

export class StatsCollector {
  readonly #requests = new Map<string, Map<string, number>>();
  readonly #faults = new Map<FaultKind, number>();
  readonly #arrivalsMs: number[] = [];
  readonly #pages = new Set<string>();
  readonly #submissions: SubmissionRecord[] = [];
  #pagesServed = 0;
  #bodyBytesSent = 0;

  answered(endpoint: string, status: number | 'none', bodyBytes: number): void {
    const byStatus = this.#requests.get(endpoint) ?? new Map<string, number>();
    this.#requests.set(endpoint, byStatus);
    const name = String(status);
    byStatus.set(name, (byStatus.get(name) ?? 0) + 1);
    this.#bodyBytesSent += bodyBytes;
  }

  arrived(bucket: string, atMs: number): void {
    if (bucket === 'events' && this.#arrivalsMs.length < ARRIVALS_MAX) this.#arrivalsMs.push(atMs);
  }

  injected(kind: FaultKind): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  /** @param name what tells pages with different rows apart */
  servedPage(name: string): void {
    this.#pagesServed++;
    this.#pages.add(name);
  }

  submitted(submission: SubmissionRecord): void {
    this.#submissions.push(submission);
  }

  snapshot(): SimulatorStats {
    const requests: Record<string, Record<string, number>> = {};
    let refused = 0;
    for (const [endpoint, byStatus] of this.#requests) {
      requests[endpoint] = Object.fromEntries(byStatus);
      refused += byStatus.get('429') ?? 0;
    }
    const cpu = process.cpuUsage();
    return {
      requests,
      refused,
      eventsArrivalsMs: [...this.#arrivalsMs],
      pagesServed: this.#pagesServed,
      distinctPagesServed: this.#pages.size,
      faults: Object.fromEntries(this.#faults),
      bodyBytesSent: this.#bodyBytesSent,
      cpuMs: (cpu.user + cpu.system) / 1000,
      submissions: [...this.#submissions],
    };
  }
}
