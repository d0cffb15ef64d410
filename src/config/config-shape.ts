/** What a configuration is: one frozen value, made by config.ts from environment and flags. */

import type { Proxies } from '../protocol/fetch-messages.js';
import type { SourcePlan } from '../source/plan.js';
import type { AlertConfig } from './alert-settings.js';
import type { Environment } from './environment.js';
import type { ScheduleConfig } from './schedule-settings.js';
import type { TracesChoice } from './traces-settings.js';

/** Profiles of the bundled simulator, which is loaded only where it runs. */
export const SIMULATE_PROFILES = ['live', 'fast', 'chaos'] as const;

export const WRITE_METHODS = ['auto', 'copy', 'insert'] as const;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** Which part of a stream a person asks for; `next`: what is due. Values are as they were given. */
export type AskedPass =
  | { readonly type: 'next' | 'full' }
  | { readonly type: 'range'; readonly since: string | null; readonly until: string | null };

/** Where records come from. */
export type Target = {
  /** Of the source, its references to secrets resolved; what is missing is empty. */
  readonly plan: SourcePlan;
  /** What of it must never be shown. */
  readonly secrets: readonly string[];
} & (
  | {
      readonly kind: 'api';
      /** Scheme, host and port. */
      readonly origin: string;
      /** The path of the base URL without a slash at its end. */
      readonly basePath: string;
    }
  /** In the API's place. */
  | {
      readonly kind: 'simulator';
      readonly events: number;
      readonly profile: (typeof SIMULATE_PROFILES)[number];
      readonly seed: number;
    }
);

/** Where they go. */
export type DatabaseChoice =
  | {
      readonly kind: 'url';
      readonly connectionString: string;
      /** PGPASSWORD, PGPASSFILE and others that node-postgres reads itself. One may be a secret. */
      readonly variables: Environment;
    }
  | {
      readonly kind: 'embedded';
      readonly dataFolder: string;
      /** Simulated events have a database of their own: what is exported must not mix with them. */
      readonly name: 'ingestion' | 'simulation';
    };

export interface Config {
  readonly source: string;
  /** The stream at work. */
  readonly stream: string;
  /** All that were chosen, in their order. */
  readonly streams: readonly string[];
  /** What the source file says that changes nothing, or is not done. */
  readonly sourceWarnings: readonly string[];
  readonly target: Target;
  /** Whether the target was named; else the simulator stands in, and those who only read take any. */
  readonly isTargetChosen: boolean;
  readonly database: DatabaseChoice;
  /** Of the queue over which processes share runs, with its password; null: this one works alone. */
  readonly redisUrl: string | null;
  /** Waits while another process works on the run, and goes on with it when that one dies. */
  readonly standby: boolean;
  /** A member that is not heard of for so long is taken for dead. */
  readonly leaseMs: number;
  /** Requests in flight at most. */
  readonly concurrency: number;
  /** Records a page; null: the largest that the server grants. */
  readonly pageLimit: number | null;
  /** Requests of the quota that are kept back. */
  readonly reservedRequests: number;
  readonly cursorThresholdMs: number;
  readonly writeMethod: (typeof WRITE_METHODS)[number];
  readonly stateFile: string;
  /** Where the reports of runs go. */
  readonly reportsFolder: string;
  /** Port of dashboard, metrics and health; 0: any that is free; null: none. */
  readonly httpPort: number | null;
  /** Address that it is bound to. */
  readonly httpHost: string;
  /** Names by which it is reached besides that and loopback's. */
  readonly httpAllowedHosts: readonly string[];
  /** Before the API and the receivers of alerts; null: none. */
  readonly proxies: Proxies | null;
  /** Where alerts go; null: nowhere. */
  readonly alerts: AlertConfig | null;
  /** When `ingest` begins again by itself; null: it ends with its run. */
  readonly schedule: ScheduleConfig | null;
  readonly logLevel: string;
  /** Null: no spans are sent. */
  readonly traces: TracesChoice | null;
  readonly maxRetries: number;
  /** The first longer rest of a page whose quick retries are spent; it doubles. */
  readonly retryPauseMs: number;
  /** How long a database that is out of reach at the start is waited for. */
  readonly databaseWaitMs: number;
  /** How long one that goes away in mid-run, or refuses for a reason that can pass, is waited for. */
  readonly databasePatienceMs: number;
  /** A page that takes PostgreSQL longer is given up by it, and tried again. */
  readonly statementTimeoutMs: number;
  readonly eventsMax: number | null;
  /** Fetched and uncommitted bytes at most. */
  readonly creditBytes: number;
  readonly fetchThreads: number;
  /** `auto`: by the distance of the database. */
  readonly writerConnections: number | 'auto';
  /** How long an answer's head, and then each further byte, may take. */
  readonly headDeadlineMs: number;
  readonly idleDeadlineMs: number;
  /** A larger page is refused. */
  readonly bodyBytesMax: number;
  /** Share of records in quarantine that ends a run. */
  readonly quarantineLimit: number;
  /** The ledger keeps a digest of each page's data too. */
  readonly provesData: boolean;
  readonly restart: boolean;
  /** Rows that a complete run of all of the source has not seen are deleted. */
  readonly deleteMissing: boolean;
  /** Of a stream's rows at most; else none is. */
  readonly deleteShareMax: number;
  /** Which part of a stream is asked for. */
  readonly asked: AskedPass;
  /** A complete run is followed by another, of all where nothing tells what is new; others are gone on with. */
  readonly runsAgain: boolean;
  readonly dryRun: boolean;
}
