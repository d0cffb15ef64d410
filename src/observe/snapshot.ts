/** What the dashboard shows of a run: plain data, sent once a second. Instants are epoch ms. */
import type { ClusterView, SharedProgress } from '../core/cluster-view.js';
import type { WaitReason } from '../core/wait-times.js';
import type { RunState } from './engine-metrics.js';
import type { Eta } from './eta.js';
import type { Sample } from './history.js';
import type { Percentiles } from './latency-window.js';
import type { LogEntry } from './recent-log.js';
import type { ScheduleView } from './schedule-view.js';
import type { SegmentMapView } from './segment-map.js';
import type { StreamLine } from './stream-line.js';
import type { Trouble } from './trouble-watch.js';

export interface RunSnapshot {
  readonly atMs: number;
  /** What this process is for: a run of its own, runs of others, or to show what the ledger holds. */
  readonly command: 'ingest' | 'worker' | 'serve';
  /** Null: no run in this process. Of several streams one: the first that is under way. */
  readonly live: LiveRun | null;
  /** Those of the process, where there are several; else none. */
  readonly streams: readonly StreamLine[];
  /** What keeps the ingestion from getting on; null: nothing. */
  readonly trouble: Trouble | null;
  /** Null: the process does one run. */
  readonly schedule: ScheduleView | null;
  /** Null: not known yet. */
  readonly cluster: ClusterView | null;
  /** Of the runs of the cluster, as far as they are known. */
  readonly progress: readonly SharedProgress[];
  /** Of this process among the members. */
  readonly ownName: string;
  readonly log: readonly LogEntry[];
}

export interface LiveRun {
  readonly run: number;
  readonly source: string;
  readonly stream: string;
  readonly origin: string;
  readonly state: RunState;
  /** Why it ended, and when it is worth another try. */
  readonly reason: string | null;
  readonly resumeAtMs: number | null;
  /** That this process has been at work; stands still once the run has ended. */
  readonly durationMs: number;
  /** Pages that earlier processes had committed; null: the run began here. */
  readonly resumedFrom: number | null;
  /** Null: the run is this process's alone. Else rows and time left are those of all. */
  readonly members: number | null;
  /** Over all restarts of the run. */
  readonly rows: {
    readonly ingested: number;
    readonly total: number | null;
    readonly share: number | null;
    readonly returned: number;
    readonly inserted: number;
    readonly updated: number;
    readonly duplicate: number;
    readonly quarantined: number;
  };
  readonly pages: number;
  /** Of this process, like all that follows. */
  readonly bytes: number;
  readonly rowsPerSecond: number;
  /** Of the last while; null: not yet, or the run is over. */
  readonly recentRowsPerSecond: number | null;
  readonly requests: {
    readonly sent: number;
    readonly permitted: number | null;
    readonly utilisation: number | null;
    readonly refused: number;
    readonly retries: number;
    readonly faults: Readonly<Record<string, number>>;
  };
  /** Null: no limit is known, or the run is over. */
  readonly limit: {
    readonly quota: number;
    readonly windowMs: number;
    readonly used: number;
    /** When the next starts will be permitted. */
    readonly comingMs: readonly number[];
  } | null;
  readonly stages: {
    readonly fetch: Stage;
    readonly scan: Stage;
    /** Scanned, but where the page starts is not known yet. */
    readonly hold: Stage;
    readonly write: Stage;
  };
  readonly headLatency: Percentiles | null;
  readonly credits: { readonly heldBytes: number; readonly limitBytes: number };
  /** What the next request waits for, and the shares of the last while; of all when the run is over. */
  readonly waits: {
    readonly reason: WaitReason | null;
    readonly shares: Readonly<Record<WaitReason, number>>;
  };
  readonly eta: Eta | null;
  readonly segments: SegmentMapView;
  readonly quarantine: readonly QuarantinedPage[];
  readonly memoryBytes: number;
  readonly loopDelayP99Ms: number;
  /** The newest point of the history, and the history's version that it follows. */
  readonly sample: Sample | null;
  readonly historyVersion: number;
}

export interface Stage {
  readonly pages: number;
  readonly duration: Percentiles | null;
}

/** A page that had records which could not be stored. */
export interface QuarantinedPage {
  readonly segment: number;
  readonly page: number;
  readonly records: number;
}
