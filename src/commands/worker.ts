/** `datasync worker`: a member without a source of its own, which serves the runs that others have begun. */
import { basename, extname } from 'node:path';
import { Command, Option } from 'commander';
import { LOG_LEVELS } from '../config/config.js';
import { readSettings } from '../config/read-settings.js';
import type { SharedRun } from '../database/members.js';
import { listenForSignals } from '../runtime/shutdown.js';
import { sessionContext } from '../session/context.js';
import { serveRuns } from '../session/members/serve-runs.js';
import { UserError } from '../session/user-error.js';
import { commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { leave } from './leave.js';
import { requireRedis } from './require-redis.js';
import { wholeNumber } from './whole-number.js';

const RUNS = 4;
const TURN_MS = 30_000;

export function workerCommand(): Command {
  return new Command('worker')
    .description('help with runs that others share by ingest --redis; ends with a signal')
    .option('--redis <url>', 'the Redis over which runs are shared (REDIS_URL)')
    .option('--source <file...>', 'source files of those runs; default: found by their names')
    .option('--runs <n>', `runs that it serves at once, at most; default: ${RUNS}`, wholeNumber)
    .option('--port <n>', 'port of dashboard, metrics and health (HTTP_PORT)')
    .addOption(
      new Option('--log-level <level>', 'what is worth a line (LOG_LEVEL)').choices(LOG_LEVELS),
    )
    .addHelpText(
      'after',
      '\nExample:\n  datasync worker --redis redis://localhost:6379 --source shop.yaml',
    )
    .action(async ({ source: files = [], runs = RUNS, ...flags }: WorkerFlags) => {
      // Without DATABASE_URL the source says in which database its runs are.
      const [source] = files;
      const named = source === undefined ? {} : { source };
      const context = await commandContext({ ...flags, ...named, readsOnly: true });
      const { config } = context;
      if (config.redisUrl === null) {
        throw new UserError(
          'A worker needs the Redis over which runs are shared: --redis redis://HOST:6379, or REDIS_URL',
          'usage',
        );
      }
      await requireRedis(config);
      const byName = new Map(files.map((file) => [basename(file, extname(file)), file]));
      const stop = new AbortController();
      // Each run adds a listener per signal: Node would warn of a leak beyond ten.
      process.setMaxListeners(process.getMaxListeners() + runs);
      listenForSignals({ onDrain: () => stop.abort(), onExit: () => leave('a second signal') });
      await serveRuns(context, {
        ...{ leave, runsAtOnce: runs, turnMs: TURN_MS, stop: stop.signal },
        contextOf: (run) => contextOf(run, byName.get(run.source) ?? null, flags),
      });
      process.exitCode = EXIT.complete;
    });
}

interface WorkerFlags extends Record<string, unknown> {
  readonly source?: readonly string[];
  readonly runs?: number;
}

/** @throws UserError where the run's source cannot be read with the settings that are there */
async function contextOf(
  { source, stream }: SharedRun,
  file: string | null,
  flags: Readonly<Record<string, unknown>>,
) {
  const read = await readSettings({ ...flags, source: file ?? source, resource: [stream] });
  if (!read.ok) {
    const faults = read.faults.map((fault) => `${fault.setting} ${fault.message}`).join('; ');
    throw new UserError(file !== null ? faults : `${faults}. Give the worker its file by --source`);
  }
  return sessionContext({ ...read.config, httpPort: null, schedule: null }, true, false);
}
