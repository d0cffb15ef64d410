/** `datasync explore`: measures the API within a budget, and writes down what an ingestion can use. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type Config, LOG_LEVELS } from '../config/config.js';
import { IngestionError } from '../core/fault.js';
import type { RunLock } from '../database/run-lock.js';
import { openRunStore, type RunStore } from '../database/run-store.js';
import type { LimitMemory } from '../explore/asker.js';
import { concludeExploration } from '../explore/exploration.js';
import { type ExploreProgress, explore } from '../explore/explore.js';
import { defaultBudget, makePlan } from '../explore/plan.js';
import type { ExploreScope } from '../explore/probe.js';
import { explorationMarkdown, explorationText, planText } from '../explore/render.js';
import { writeWhole } from '../files/write-whole.js';
import { Progress, progressMode } from '../observe/progress.js';
import { nowMs } from '../runtime/clock.js';
import { openDispatcher, requestHeaders } from '../session/api-requests.js';
import { EXPLORATION_FILE, explorationOriginOf } from '../session/exploration/exploration-hints.js';
import { exploreLine } from '../session/exploration/explore-progress.js';
import { measureWriting } from '../session/exploration/measure-writing.js';
import { LimitStore } from '../session/limit-store.js';
import { type OpenDatabase, openDatabase } from '../session/open-database.js';
import { hashKey, type OpenTarget, openTarget } from '../session/open-source.js';
import { settingsFor } from '../simulator/settings.js';
import { sourceNamed } from '../source/registry.js';
import type { Source } from '../source/source.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { wholeNumber } from './whole-number.js';

interface ExploreFlags {
  readonly budget?: number;
  readonly thorough?: boolean;
  readonly provoke?: boolean;
  readonly outputFolder: string;
  readonly database: boolean;
}

/** Of the live API, by its document: what the plan reckons with before anything was asked. */
const EXPECTED_LATENCY_MS = 4_000;

export function exploreCommand(): Command {
  return new Command('explore')
    .description('measure the API within a budget that is stated first')
    .option(
      '--budget <n>',
      'requests of events at most; default 12, more when thorough',
      wholeNumber,
    )
    .option('--thorough', 'also what needs waiting, and more samples')
    .option('--provoke', 'run into the limit on purpose, to see whether refused calls count')
    .option('--output-folder <folder>', 'where exploration.json and .md go', '.')
    .option('--no-database', 'keep the log of requests in exploration.json alone')
    .option('--simulate', 'explore the bundled simulator')
    .addOption(
      new Option('--log-level <level>', 'what is worth a line (LOG_LEVEL)').choices(LOG_LEVELS),
    )
    .option('--json', 'print the exploration as one JSON line')
    .addHelpText('after', '\nExample:\n  datasync explore --budget 30')
    .action(async (flags: ExploreFlags & Record<string, unknown>) => {
      const context = await commandContext({ logLevel: 'warn', ...flags });
      process.exitCode = await run(context, flags);
    });
}

/** @returns the exit code */
async function run(context: CommandContext, flags: ExploreFlags): Promise<number> {
  const { config } = context;
  const source = sourceNamed(config.source);
  const scope = scopeOf(config, source, flags);
  const plan = makePlan(scope);
  context.say(planText(plan, scope));
  const target = await openTarget(config);
  let database: OpenDatabase | null = null;
  let lock: RunLock | null = null;
  try {
    database = flags.database ? await openIfReachable(context) : null;
    const keyHash = hashKey(target.apiKey);
    const store = database === null ? null : openRunStore(database.pool);
    lock = store === null ? null : await lockLog(store, source, target, context);
    const memoryOf = (bucket: string): LimitMemory | null =>
      store === null ? null : new LimitStore(store, { origin: target.runOrigin, keyHash, bucket });
    const explored = await withProgress(context, plan.secondsAbout * 1000, (onProgress) =>
      explore({
        source,
        origin: target.origin,
        basePath: target.basePath,
        headers: requestHeaders(source, target.apiKey),
        openDispatcher: (options) => openDispatcher(target.proxies, options),
        scope,
        reserve: config.reservedRequests,
        memoryOf,
        onProgress,
      }),
    );
    const { sample } = explored.notebook;
    const recordsPerSecond = database === null ? null : await measureWriting(database.pool, sample);
    const exploration = concludeExploration(explored, {
      source,
      origin: explorationOriginOf(config.target),
      keyHash,
      run: {
        pageLimit: config.pageLimit,
        concurrency: config.concurrency,
        creditBytes: config.creditBytes,
        reserve: config.reservedRequests,
        cursorThresholdMs: config.cursorThresholdMs,
        recordsPerSecond,
      },
    });
    const folder = resolve(flags.outputFolder);
    await mkdir(folder, { recursive: true });
    const json = `${JSON.stringify(exploration, null, 2)}\n`;
    await writeWhole(join(folder, EXPLORATION_FILE), json);
    await writeWhole(join(folder, 'exploration.md'), explorationMarkdown(exploration));
    context.say(`\n${explorationText(exploration)}`);
    context.say(`\nWritten: ${join(folder, 'exploration.json')} and exploration.md`);
    context.json(exploration);
    return EXIT.complete;
  } finally {
    target.close();
    await lock?.release();
    await database?.close();
  }
}

/** An ingestion and an exploration at once would each forget the requests of the other. */
function lockLog(
  store: RunStore,
  { name }: Source,
  { runOrigin }: OpenTarget,
  { log }: CommandContext,
): Promise<RunLock> {
  return store.acquireRunLock(name, runOrigin, {
    activity: 'exploration',
    onLost: (fault) =>
      log.warn({ event: 'lock_lost', fault }, `the run lock is lost: ${fault.message}`),
  });
}

function scopeOf(config: Config, source: Source, flags: ExploreFlags): ExploreScope {
  const scope = {
    isThorough: flags.thorough === true,
    doesProvoke: flags.provoke === true,
    expected: expectationOf(config, source),
  };
  return { ...scope, budget: flags.budget ?? defaultBudget(scope) };
}

/** What is documented of the API, or set for the simulator. */
function expectationOf({ target }: Config, source: Source): ExploreScope['expected'] {
  if (target.kind === 'api') {
    return { latencyMs: EXPECTED_LATENCY_MS, policy: source.defaultPolicy };
  }
  const settings = settingsFor(target.profile);
  const policy = { quota: settings.eventsQuota, windowMs: settings.eventsWindowMs };
  return {
    latencyMs: settings.latencyMs + settings.latencyJitterMs / 2,
    policy: policy.quota === 0 ? source.defaultPolicy : policy,
  };
}

/** Without a database the log of requests is kept in exploration.json, where `ingest` finds it. */
async function openIfReachable(context: CommandContext): Promise<OpenDatabase | null> {
  try {
    return await openDatabase(context);
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    const message = `${error.message}; the log of requests goes into exploration.json alone`;
    context.log.warn({ event: 'database_skipped', fault: error.fault }, message);
    return null;
  }
}

/** @param expectedMs how long the plan takes */
async function withProgress<T>(
  { isJson }: CommandContext,
  expectedMs: number,
  work: (onProgress: (progress: ExploreProgress) => void) => Promise<T>,
): Promise<T> {
  let last: ExploreProgress = { probe: '', eventRequests: 0, budget: 0, waitsUntilMs: null };
  const startedAtMs = nowMs();
  const progress = new Progress({
    stream: process.stderr,
    mode: progressMode(process.stderr, isJson),
    render: () => exploreLine(last, { nowMs: nowMs(), startedAtMs, expectedMs }),
  });
  progress.start();
  try {
    return await work((next) => {
      last = next;
    });
  } finally {
    progress.stop();
  }
}
