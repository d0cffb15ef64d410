/** `datasync doctor`: what is wrong with the set-up, each with its remedy. Asks the API nothing. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { assert, IngestionError } from '../core/fault.js';
import { embeddedVersion } from '../database/embedded.js';
import { hasLedger, whatBarsLedger } from '../database/migrate.js';
import { createLogger } from '../observe/logger.js';
import { EXIT } from './exit-codes.js';
import { noLedgerText } from './find-run.js';
import { findDatabase, type OpenDatabaseParts } from './open-database.js';
import { writeResult } from './result-line.js';

interface Finding {
  readonly what: string;
  readonly isGood: boolean;
  readonly message: string;
}

const NODE_MIN = [20, 18, 1] as const;
/** 3,000,000 events with their index and write-ahead log. */
const FREE_BYTES_MIN = 4e9;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check the set-up and say how to mend it')
    .option('--simulate', 'check the set-up for the bundled simulator')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync doctor')
    .action(async (flags: Record<string, unknown>) => {
      const findings = await examine(flags);
      const isGood = findings.every((finding) => finding.isGood);
      if (flags.json === true) writeResult({ isGood, findings });
      else for (const finding of findings) process.stdout.write(`${describe(finding)}\n`);
      process.exitCode = isGood ? EXIT.complete : EXIT.failed;
    });
}

async function examine(flags: Record<string, unknown>): Promise<Finding[]> {
  const findings = [nodeFinding()];
  const read = readConfig(readEnvironment('.env'), flags);
  if (!read.ok) {
    for (const { setting, message } of read.faults) {
      findings.push({ what: 'configuration', isGood: false, message: `${setting} ${message}` });
    }
    return findings;
  }
  const { config } = read;
  const { target, database } = config;
  findings.push({
    what: 'source',
    isGood: true,
    message:
      target.kind === 'api'
        ? `${target.origin}${target.basePath}, with a key`
        : 'the bundled simulator, because TARGET_API_KEY is not set',
  });
  findings.push(await folderFinding('state file', dirname(config.stateFile)));
  // The disk of another server cannot be seen from here.
  if (database.kind === 'embedded') {
    findings.push(await folderFinding('disk', database.dataFolder, FREE_BYTES_MIN));
  }
  const { log, conceal } = await createLogger({ level: 'silent', isTerminal: false });
  findings.push(await databaseFinding({ config, log, conceal }));
  return findings;
}

async function databaseFinding(known: OpenDatabaseParts): Promise<Finding> {
  try {
    return { what: 'database', isGood: true, message: await databaseText(known) };
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    return { what: 'database', isGood: false, message: error.message };
  }
}

/** @throws IngestionError with what would keep a run from it */
async function databaseText(known: OpenDatabaseParts): Promise<string> {
  const database = await findDatabase(known);
  if (database === null) {
    const chosen = known.config.database;
    assert(chosen.kind === 'embedded', 'only the embedded one can be missing');
    const version = await embeddedVersion(chosen.dataFolder);
    return `not there yet: \`datasync ingest\` makes it in ${chosen.dataFolder}, with PostgreSQL ${version}`;
  }
  try {
    const isThere = await hasLedger(database.pool);
    const fault = isThere ? null : await whatBarsLedger(database.pool);
    if (fault !== null) throw new IngestionError(fault);
    const run = isThere ? '' : `; ${noLedgerText(known.config)}`;
    return `answers: ${database.openCommand}${run}`;
  } finally {
    await database.close();
  }
}

function nodeFinding(): Finding {
  const parts = process.versions.node.split('.').map(Number);
  const difference = NODE_MIN.map((least, index) => (parts[index] ?? 0) - least).find(
    (d) => d !== 0,
  );
  const isGood = (difference ?? 0) >= 0;
  const needs = isGood ? '' : `; ${NODE_MIN.join('.')} or later is needed`;
  return { what: 'node', isGood, message: `${process.versions.node}${needs}` };
}

/**
 * Makes nothing: a folder that is not there yet is judged by the one that it would be made in.
 *
 * @param freeBytesMin what a full ingestion needs there
 */
async function folderFinding(what: string, folder: string, freeBytesMin = 0): Promise<Finding> {
  try {
    const existing = await nearestFolder(folder);
    await access(existing, constants.W_OK);
    const { bavail, bsize } = await statfs(existing);
    const freeBytes = bavail * bsize;
    const free = `${folder}: ${(freeBytes / 1e9).toFixed(1)} GB free`;
    if (freeBytes >= freeBytesMin) return { what, isGood: true, message: free };
    const needed = `a full ingestion needs about ${freeBytesMin / 1e9} GB`;
    return { what, isGood: false, message: `${free}; ${needed}` };
  } catch (error) {
    return { what, isGood: false, message: `${folder}: ${(error as Error).message}` };
  }
}

async function nearestFolder(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return nearestFolder(dirname(path));
  }
  throw new Error('it is no folder');
}

function describe({ what, isGood, message }: Finding): string {
  return `${isGood ? 'ok  ' : 'FAIL'} ${what.padEnd(13)} ${message}`;
}
