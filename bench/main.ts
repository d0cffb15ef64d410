/**
 * The bench: runs the program end to end against the simulator and PostgreSQL, each in processes of
 * their own, and holds every result against what either can do alone.
 *
 *   options → scenarios (rounds of measurements) → sections → terminal, JSON and HTML
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { programShape } from '../src/commands/command-tree.js';
import { swallowedFlags, swallowedText } from '../src/commands/npm-flags.js';
import { npmRun } from '../src/config/npm-run.js';
import { IngestionError } from '../src/core/fault.js';
import type { Bench, Section } from './bench.js';
import { BenchError } from './bench-error.js';
import { type BenchDatabase, openBenchDatabase } from './database.js';
import { busyWarning, readMachine } from './machine.js';
import { type BenchOptions, FLAGS, readOptions, type ScenarioName } from './options.js';
import { endAll } from './processes.js';
import { BenchProgress } from './progress.js';
import { compareFigures } from './report/compare.js';
import { tableText, wrapText } from './report/table.js';
import { figuresOf, headLines, readFigures, writeResults } from './report/write-results.js';
import { chainScenario } from './scenarios/chain.js';
import { childrenScenario } from './scenarios/children.js';
import { clusterScenario } from './scenarios/cluster.js';
import { limitScenario } from './scenarios/limit.js';
import { limitersScenario } from './scenarios/limiters.js';
import { matrixScenario } from './scenarios/matrix.js';
import { parserScenario } from './scenarios/parser.js';
import { scaleScenario } from './scenarios/scale.js';
import { writerScenario } from './scenarios/writer.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RESULTS_FOLDER = join(ROOT, 'bench', 'results');
/** Beside the program's own data, on the same disk; git ignores it. */
const DATA_FOLDER = join(ROOT, 'data', 'bench');
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const SCENARIOS: Readonly<Record<ScenarioName, (bench: Bench) => Promise<Section>>> = {
  cluster: clusterScenario,
  matrix: matrixScenario,
  limit: limitScenario,
  limiters: limitersScenario,
  chain: chainScenario,
  children: childrenScenario,
  scale: scaleScenario,
  writer: writerScenario,
  parser: parserScenario,
};

const progress = new BenchProgress();
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isInterrupted = true;
    progress.interrupt();
    // What is under way then fails, and the bench tidies up as after any failure.
    endAll();
  });
}
process.exitCode = await main();

/** @returns the exit code */
async function main(): Promise<number> {
  const command = new Command('bench').description('measure the program, end to end and in parts');
  for (const [flag, meaning] of FLAGS) command.option(flag, meaning);
  try {
    command.exitOverride().parse();
  } catch (error) {
    // Commander has printed its own message by then.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    throw error;
  }
  const npm = npmRun();
  const shape = programShape(new Command('npm').addCommand(command));
  const kept = npm?.script === 'bench' ? swallowedFlags('bench', shape.commands, npm.config) : [];
  if (kept.length > 0) {
    process.stderr.write(`${swallowedText('bench', command.args, kept)}\n`);
    return EXIT_USAGE;
  }
  const read = readOptions(command.opts());
  if ('faults' in read) {
    process.stderr.write(`${read.faults.join('\n')}\n`);
    return EXIT_USAGE;
  }
  try {
    await runBench(read.options);
    return 0;
  } catch (error) {
    if (isInterrupted) return EXIT_INTERRUPTED;
    const isExpected = error instanceof BenchError || error instanceof IngestionError;
    const text = isExpected ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`bench: ${text}\n`);
    return EXIT_FAILED;
  }
}

async function runBench(options: BenchOptions): Promise<void> {
  const earlier = options.compareWith === null ? null : await readFigures(options.compareWith);
  const machine = readMachine(ROOT);
  const warning = busyWarning(machine);
  const startedAt = new Date().toISOString();
  if (warning !== null) progress.note(warning);
  await mkdir(DATA_FOLDER, { recursive: true });
  const workFolder = await mkdtemp(join(DATA_FOLDER, 'work-'));
  const opening: { database?: Promise<BenchDatabase> } = {};
  const bench: Bench = {
    options,
    progress,
    workFolder,
    database() {
      opening.database ??= openBenchDatabase({
        url: options.databaseUrl,
        dataFolder: join(DATA_FOLDER, 'postgres'),
        note: (text) => progress.note(text),
      });
      return opening.database;
    },
  };
  const sections: Section[] = [];
  let postgres: string | null = null;
  try {
    for (const name of options.scenarios) {
      sections.push(await SCENARIOS[name](bench));
    }
  } finally {
    const database = await opening.database?.catch(() => null);
    postgres = database?.version ?? null;
    await database?.close();
    await rm(workFolder, { recursive: true, force: true });
  }
  const record = {
    startedAt,
    command: `npm run bench -- ${shownFlags()}`,
    machine,
    postgres,
    warning,
    options,
    sections,
  };
  const paths = await writeResults(RESULTS_FOLDER, record);
  const blocks = [
    headLines(record).join('\n'),
    ...(warning === null ? [] : [warning]),
    ...sections.map(sectionText),
    ...(earlier === null ? [] : [tableText(compareFigures(earlier, figuresOf(sections)))]),
    `${paths.json}\n${paths.html}`,
  ];
  process.stdout.write(`\n${blocks.join('\n\n')}\n`);
}

function sectionText({ title, notes, tables }: Section): string {
  return [`== ${title} ==`, wrapText(notes.join(' ')), ...tables.map(tableText)].join('\n\n');
}

/** As given, without what may hold a password. */
function shownFlags(): string {
  return process.argv
    .slice(2)
    .map((word) => word.replace(/postgres(ql)?:\/\/\S+/, 'postgres://…'))
    .join(' ');
}
