/** What is wrong with the set-up, each with its remedy. Asks the API one request, and makes nothing. */
import { once } from 'node:events';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.js';
import { assert, type FaultCode, faultText, IngestionError } from '../../core/fault.js';
import { embeddedVersion } from '../../database/embedded.js';
import { hasLedger, whatBarsRun } from '../../database/migrate.js';
import { createLogger } from '../../observe/logger.js';
import { credentialsText } from '../../source/file/references.js';
import { noLedgerText } from '../ledger-reader.js';
import { listenFailure } from '../onlookers/listen-failure.js';
import { findDatabase, type OpenDatabaseParts } from '../open-database.js';
import { openSource } from '../open-source.js';
import { passingToken } from '../open-token.js';
import { checkApi } from './check-api.js';

export interface Finding {
  readonly what: string;
  readonly isGood: boolean;
  readonly message: string;
  /** The code of the fault that was met, where it was one. */
  readonly fault?: FaultCode;
}

const NODE_MIN = [20, 18, 1] as const;
/** 3,000,000 events with their index and write-ahead log. */
const FREE_BYTES_MIN = 4e9;

/** Of everything but the configuration itself, which must be usable. */
export async function examineSetup(config: Config): Promise<Finding[]> {
  const { log, conceal } = await createLogger({ level: 'silent', isTerminal: false });
  return Promise.all([
    sourceFinding(config, conceal),
    folderFinding('state file', dirname(config.stateFile)),
    ...diskFindings(config),
    databaseFinding({ config, log, conceal }),
    ...redisFindings(config),
    ...portFindings(config),
  ]);
}

async function sourceFinding(config: Config, conceal: (secret: string) => void): Promise<Finding> {
  const { target } = config;
  const what = 'source';
  if (target.kind === 'simulator') {
    const message = `the bundled simulator, because ${credentialsText(target.plan.credentials)} is not set`;
    return { what, isGood: true, message };
  }
  const where = `${target.origin}${target.basePath}`;
  const source = await openSource(config);
  if (source.oauth?.grant === 'refresh_token') {
    source.close();
    const message = `${where} was not asked: only an ingestion may use its refresh token`;
    return { what, isGood: true, message };
  }
  const token = passingToken({ conceal }, source);
  const checked = await checkApi(source, config, token).finally(() => source.close());
  if (checked.type === 'good') {
    const cost = checked.costsRequest ? '; this took one request of its limit' : '';
    const message = `${where} answers in ${Math.round(checked.tookMs)} ms and takes the key${cost}`;
    return { what, isGood: true, message };
  }
  const { fault } = checked;
  // It is there, and knows the key.
  const isGood = fault.code === 'RATE_LIMITED';
  return { what, isGood, message: `${where}: ${faultText(fault)}`, fault: fault.code };
}

/** The disk of another server cannot be seen from here. */
function diskFindings({ database }: Config): Promise<Finding>[] {
  if (database.kind !== 'embedded') return [];
  return [folderFinding('disk', database.dataFolder, FREE_BYTES_MIN)];
}

function redisFindings({ redisUrl }: Config): Promise<Finding>[] {
  return redisUrl === null ? [] : [redisFinding(redisUrl)];
}

async function redisFinding(url: string): Promise<Finding> {
  const what = 'Redis';
  const [{ checkRedis }, { readRedisUrl }] = await Promise.all([
    import('../../queue/check-redis.js'),
    import('../../queue/redis-address.js'),
  ]);
  const problem = await checkRedis(url);
  if (problem !== null) return { what, isGood: false, message: problem };
  const address = readRedisUrl(url);
  assert(typeof address !== 'string', 'a Redis that answers has an address');
  return { what, isGood: true, message: `${address.shownAs} answers` };
}

function portFindings({ httpPort: port, httpHost: host }: Config): Promise<Finding>[] {
  return port === null ? [] : [portFinding({ host, port })];
}

async function portFinding(address: {
  readonly host: string;
  readonly port: number;
}): Promise<Finding> {
  const what = 'HTTP port';
  const server = createServer();
  try {
    server.listen(address);
    await once(server, 'listening');
    return { what, isGood: true, message: `${address.port} on ${address.host} is free` };
  } catch (error) {
    const { message } = listenFailure(error, address) ?? (error as Error);
    return { what, isGood: false, message };
  } finally {
    server.close();
  }
}

async function databaseFinding(known: OpenDatabaseParts): Promise<Finding> {
  try {
    return { what: 'database', isGood: true, message: await databaseText(known) };
  } catch (error) {
    if (!(error instanceof IngestionError)) throw error;
    return { what: 'database', isGood: false, message: error.message, fault: error.fault.code };
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
    const fault = await whatBarsRun(database.pool);
    if (fault !== null) throw new IngestionError(fault);
    const run = (await hasLedger(database.pool)) ? '' : `; ${noLedgerText(known.config)}`;
    return `answers: ${database.openCommand}${run}`;
  } finally {
    await database.close();
  }
}

export function nodeFinding(): Finding {
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
