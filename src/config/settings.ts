/**
 * The settings: names, kinds, defaults, and what each means. docs/configuration.md is written from
 * them by `npm run settings`, and a test fails while the two differ.
 */
import * as z from 'zod/mini';
import { alertSettings } from './alert-settings.js';
import { LOG_LEVELS, SIMULATE_PROFILES, WRITE_METHODS } from './config-shape.js';
import { scheduleSettings } from './schedule-settings.js';
import {
  apiUrl,
  autoOrWhole,
  hostNames,
  number,
  oneOf,
  postgresUrl,
  whole,
} from './setting-kinds.js';
import { setting } from './setting-text.js';
import { DEFAULT_SOURCE } from './source-files.js';
import { tracesSettings } from './traces-settings.js';

const sourceSettings = {
  SOURCE: setting(z.optional(z.string()), {
    takes: 'a name or a file',
    unset: `\`${DEFAULT_SOURCE}\``,
    meaning:
      'The source to copy: the name of a source file in `./sources` or of one that comes with the program, or the path of a file.',
  }),
  API_BASE_URL: setting(z.optional(apiUrl), {
    unset: '`base_url` of the source file',
    meaning: `Replaces the \`base_url\` of the source file. With \`${DEFAULT_SOURCE}\` it ends in \`/api/v1\`, and it is refused while no key is set.`,
  }),
};

const databaseSettings = {
  DATABASE_URL: setting(z.optional(postgresUrl), {
    unset: 'embedded PostgreSQL',
    meaning: 'The database that takes the rows. See [the database](#the-database).',
  }),
  DATA_FOLDER: setting(z._default(z.string(), './data'), {
    takes: 'a folder',
    meaning:
      'Where the embedded PostgreSQL keeps its data. Rows of an API are in its database `ingestion`, simulated rows in `simulation`.',
  }),
  DATABASE_WAIT: setting(z._default(number(0, 3600), 20), {
    meaning: 'Seconds to wait at the start for a database that is out of reach.',
  }),
  DATABASE_PATIENCE: setting(z._default(number(0, 86_400), 60), {
    meaning:
      'Seconds to wait during a run for a database that goes away, is locked, or has a full disk. Then the run ends with exit 5.',
  }),
  STATEMENT_TIMEOUT: setting(z._default(number(0.1, 86_400), 60), {
    meaning:
      'Seconds that PostgreSQL may work on one page. Then the page is tried again. A server that answers no statement for a tenth longer counts as lost.',
  }),
  WRITE_METHOD: setting(z._default(oneOf(...WRITE_METHODS), 'auto'), {
    meaning:
      '`auto` writes by COPY, and by INSERT where rows are already known. `copy` and `insert` set the method.',
  }),
  WRITER_CONNECTIONS: setting(z._default(autoOrWhole(1, 16), 'auto'), {
    meaning:
      'Connections that write. `auto`: 2, and up to 8 when the database is far away and pages wait for it.',
  }),
};

const requestSettings = {
  WORKER_CONCURRENCY: setting(z._default(whole(1, 1000), 10), {
    meaning: 'The most requests in flight at once.',
  }),
  BATCH_SIZE: setting(z.optional(whole(1, 100_000)), {
    unset: 'the largest page that the API grants',
    meaning: 'Records per page.',
  }),
  RATE_LIMIT_BUFFER: setting(z._default(whole(0), 0), {
    meaning:
      'Requests of the quota to hold back. The pacing never exceeds the limit, so 0 is safe.',
  }),
  CURSOR_REFRESH_THRESHOLD: setting(z._default(number(0), 60), {
    meaning: 'Seconds. A cursor with less time to live is rebuilt or refreshed.',
  }),
  MAX_EVENTS: setting(z.optional(whole(1)), {
    unset: 'no bound',
    meaning: 'Stop after about this many records of each stream. The next `ingest` resumes.',
  }),
  MAX_RETRIES: setting(z._default(whole(0, 100), 3), {
    meaning: 'Quick retries of a page before a longer pause.',
  }),
  RETRY_PAUSE: setting(z._default(number(0, 3600), 30), {
    meaning:
      'Seconds of the first longer pause of such a page. The pause doubles each time. After the fifth pause the run ends with exit 3.',
  }),
  HEAD_DEADLINE: setting(z._default(number(0.1, 3600), 30), {
    meaning: 'Seconds until the headers of a response must be there.',
  }),
  IDLE_DEADLINE: setting(z._default(number(0.1, 3600), 10), {
    meaning:
      'Seconds that may pass between two bytes of a response. A whole body may take six times as long, plus one second for each 8 kB.',
  }),
  BODY_BYTES_MAX: setting(z._default(whole(100_000), 64_000_000), {
    meaning: 'Bytes of a page at most. A larger page is refused and requested again, smaller.',
  }),
  CREDIT_BYTES: setting(z._default(whole(1_000_000), 16_000_000), {
    meaning:
      'Bytes that may be fetched and not yet committed. One page that is larger still passes.',
  }),
  FETCH_THREADS: setting(z._default(whole(1, 64), 1), {
    meaning: 'Fetch workers. One scans far more than PostgreSQL takes on two cores.',
  }),
};

const safetySettings = {
  QUARANTINE_LIMIT: setting(z._default(number(0, 1), 0.01), {
    meaning:
      'Share of quarantined records at which a run ends, from 1,000 records on. A smaller run fails at its end when more than half of its records are quarantined, or more than this share if that is larger.',
  }),
  DELETE_SHARE: setting(z._default(number(0, 1), 0.1), {
    meaning:
      "The largest share of a stream's rows that `--delete-missing` deletes. If more are missing, it deletes none and exits with 1.",
  }),
  PROVE_DATA: setting(z._default(oneOf('no', 'yes'), 'no'), {
    meaning:
      "`yes`: the ledger also keeps a digest of each page's data, for `verify --data`. Writer and PostgreSQL together then use two fifths more processor time.",
  }),
};

const fileSettings = {
  STATE_FILE: setting(z._default(z.string(), './data/ingestion.state'), {
    takes: 'a file',
    meaning:
      'A readable copy of where the run stands. Where it differs from the database, the database wins. With several streams each has its own file, `ingestion.STREAM.state`.',
  }),
  REPORTS_FOLDER: setting(z._default(z.string(), './reports'), {
    takes: 'a folder',
    meaning: 'Where the reports of runs go. In the container: `/data/reports`.',
  }),
  LOG_LEVEL: setting(z._default(oneOf(...LOG_LEVELS), 'info'), {
    meaning: 'The least important level that is logged.',
  }),
};

const clusterSettings = {
  REDIS_URL: setting(z.optional(z.string()), {
    takes: '`redis://…` or `rediss://…`',
    unset: 'this process works alone',
    meaning: 'Runs are shared with the other processes that have the same Redis.',
  }),
  MEMBER_LEASE: setting(z._default(number(2, 600), 8), {
    meaning:
      'Seconds until other members of the run, or a standby, take over what a dead process held.',
  }),
};

const httpSettings = {
  HTTP_PORT: setting(z.optional(whole(0, 65_535)), {
    unset: 'nothing listens',
    meaning: 'Port of the dashboard, the metrics and the health checks. 0 takes a free port.',
  }),
  HTTP_HOST: setting(z._default(z.string(), '127.0.0.1'), {
    takes: 'an address',
    meaning: 'Address that the port is bound to. `0.0.0.0` means all.',
  }),
  HTTP_ALLOWED_HOSTS: setting(z._default(hostNames, []), {
    unset: 'none',
    meaning:
      'Further names by which a proxy or another container reaches the port. Loopback names and `HTTP_HOST` are always answered; with `0.0.0.0`, so is any address. A request with another `Host` gets a 421.',
  }),
};

const simulatorSettings = {
  SIMULATE_EVENTS: setting(z._default(whole(0), 200_000), {
    meaning: 'Events that the bundled simulator holds.',
  }),
  SIMULATE_PROFILE: setting(z._default(oneOf(...SIMULATE_PROFILES), 'fast'), {
    meaning: 'How the simulator behaves: like the live API, fast, or with every fault it knows.',
  }),
  SIMULATE_SEED: setting(z._default(whole(Number.MIN_SAFE_INTEGER), 1), {
    meaning: 'Another seed gives another data set.',
  }),
};

/** In the order of docs/configuration.md. `guide`: the page that says more. */
export const SETTING_GROUPS = [
  { title: 'Source', guide: 'sources.md', settings: sourceSettings },
  { title: 'Database', guide: null, settings: databaseSettings },
  { title: 'Requests and pages', guide: 'limits.md', settings: requestSettings },
  { title: 'Quarantine, deletions, proof', guide: 'keep-in-sync.md', settings: safetySettings },
  { title: 'Files and log', guide: 'logs.md', settings: fileSettings },
  { title: 'Several processes', guide: 'cluster.md', settings: clusterSettings },
  { title: 'Schedule', guide: 'keep-in-sync.md#on-a-schedule', settings: scheduleSettings },
  { title: 'Dashboard, metrics, health', guide: 'monitoring.md', settings: httpSettings },
  { title: 'Alerts', guide: 'alerts.md', settings: alertSettings },
  { title: 'Traces', guide: 'traces.md', settings: tracesSettings },
  { title: 'Simulator', guide: null, settings: simulatorSettings },
] as const;

// zod/mini: the same checks as zod at a third of its memory, which every start pays.
export const settings = z.object({
  ...sourceSettings,
  ...databaseSettings,
  ...requestSettings,
  ...safetySettings,
  ...fileSettings,
  ...clusterSettings,
  ...scheduleSettings,
  ...httpSettings,
  ...alertSettings,
  ...tracesSettings,
  ...simulatorSettings,
});

export type Settings = z.infer<typeof settings>;

/** The variables that are settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(settings.shape);

/** Which setting a flag stands for. SOURCE has `--source`, which is read before the settings are. */
export const FLAG_SETTINGS: Readonly<Record<string, keyof Settings>> = {
  concurrency: 'WORKER_CONCURRENCY',
  limit: 'BATCH_SIZE',
  writeMethod: 'WRITE_METHOD',
  maxEvents: 'MAX_EVENTS',
  quarantineLimit: 'QUARANTINE_LIMIT',
  deleteShare: 'DELETE_SHARE',
  logLevel: 'LOG_LEVEL',
  port: 'HTTP_PORT',
  every: 'SCHEDULE_EVERY',
  cron: 'SCHEDULE_CRON',
  timezone: 'SCHEDULE_TIMEZONE',
  redis: 'REDIS_URL',
};

export function flagName(camelCase: string): string {
  return `--${camelCase.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
