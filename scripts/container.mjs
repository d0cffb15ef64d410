/**
 * Main process of the container: runs the ingestion when it is asked to, and stays up afterwards
 * for `docker exec` and `docker cp`.
 *
 *   node scripts/container.mjs           the main process
 *   node scripts/container.mjs COMMAND [flags]
 *                                        the main process of a member of a cluster: runs `ingest` or
 *                                        `worker`, and ends with it
 *   node scripts/container.mjs health    exit 0 while the main process lives, nothing failed, and what
 *                                        answers on its port is ready; where the main process is a command
 *                                        without this file, only the last
 *
 * INGEST_ON_START  `true`: run an ingestion at the start; otherwise stay idle
 * INGEST_FLAGS     flags of that ingestion, one a line
 * SIMULATOR_URL    the API that stands in where no key is given
 * SIMULATE         `true`: simulated events may go into the database of DATABASE_URL; `own`: only if it is
 *                  that of docker-compose.yml
 * CONTAINER_HTTP_PORT  port of dashboard, metrics and health. Not HTTP_PORT, which every command of
 *                  `docker exec` has too: it must be another. The ingestion of this process has the
 *                  port while it runs, `datasync serve` before and after.
 *
 * SIGINT interrupts the ingestion and leaves the container up; SIGTERM ends the container after the
 * ingestion has drained. The last line of an ingestion is `ingestion ended with exit code N` on
 * standard error, which run-ingestion.sh waits for.
 *
 * The members of docker-compose.yml have DATA_FOLDER in common; what is one container's lies in /tmp.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where `docker exec` runs commands too, and so where they look for `.env`. */
const APP_FOLDER = process.cwd();
const DATA_FOLDER = process.env.DATA_FOLDER || '/data';
const STATUS_FILE = join(tmpdir(), 'container.json');
const ORIGIN_FILE = join(DATA_FOLDER, 'events-from');
const ENV_FILE = join(APP_FOLDER, '.env');

const HEARTBEAT_MS = 10_000;
const HEARTBEAT_MS_MAX = 45_000;
const SIMULATOR_WAIT_MS = 30_000;
const SIMULATOR_RETRY_MS = 250;
const SERVE_AGAIN_MS = 5_000;
const READY_TIMEOUT_MS = 3_000;
const SIMULATOR_KEY = 'simulator-key';
const SIMULATED_SOURCE = 'datasync';

/** The same as in src/config; what an example file holds in place of a key. */
const KEY_PLACEHOLDERS = new Set(['your_api_key_here', 'your-api-key', 'changeme']);

/** Complete, paused and interrupted are outcomes; every other exit code is a failure. */
const HEALTHY_EXIT_CODES = new Set([0, 3, 130]);
const EXIT_USAGE = 2;
const HTTP_PORT = process.env.CONTAINER_HTTP_PORT || null;
/** The host of the database in docker-compose.yml. */
const OWN_DATABASE_HOST = 'assignment-postgres';

const [command = null, ...commandFlags] = process.argv.slice(2);
if (command === 'health') process.exit((await isHealthy()) ? 0 : 1);

/** `idle`, `running` or `ended`; `exitCode` is null until the ingestion has ended. */
const status = { phase: 'idle', exitCode: null };
let child = null;
/** `datasync serve`, while no ingestion has the port. */
let server = null;
let isStopping = false;

process.on('SIGINT', () => child?.kill('SIGINT'));
process.on('SIGTERM', () => {
  isStopping = true;
  server?.kill('SIGTERM');
  if (child === null) process.exit(0);
  child.kill('SIGTERM');
});

writeStatus();
setInterval(writeStatus, HEARTBEAT_MS);
useSimulatorWithoutKey();
if (command !== null) await run(command, commandFlags);
else if (process.env.INGEST_ON_START?.toLowerCase() === 'true') await run('ingest', startFlags());
else idle();

function idle() {
  serve();
  say('idle: docker exec assignment-ingestion npm run ingest starts an ingestion');
}

function startFlags() {
  return (process.env.INGEST_FLAGS ?? '').split('\n').filter((flag) => flag !== '');
}

async function run(name, flags) {
  const refusal = name === 'ingest' ? mixingRefusal(flags) : null;
  if (refusal !== null) {
    say(refusal);
    end(EXIT_USAGE);
    return;
  }
  if (isSimulated() && simulatorUrl() !== null) await waitForSimulator();
  child = start([name, ...flags]);
  status.phase = 'running';
  writeStatus();
  // A signal that came before the child did was meant for it.
  if (isStopping) child.kill('SIGTERM');
  child.on('error', (error) => {
    say(`${name} could not be started: ${error.message}`);
    end(1);
  });
  child.on('close', (code) => end(code ?? 1));
}

/** Shows what the ledger holds; starts again when it fails, for the database may come back. */
function serve() {
  if (HTTP_PORT === null || isStopping || child !== null) return;
  server = start(['serve']);
  server.on('error', (error) => say(`the dashboard could not be started: ${error.message}`));
  server.on('close', () => {
    server = null;
    setTimeout(serve, SERVE_AGAIN_MS).unref();
  });
}

function start(args) {
  return spawn(process.execPath, [join('dist', 'src', 'main.js'), ...args], {
    cwd: APP_FOLDER,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...(HTTP_PORT === null ? {} : { HTTP_PORT }) },
  });
}

function end(exitCode) {
  child = null;
  Object.assign(status, { phase: 'ended', exitCode });
  writeStatus();
  say(`${command === 'worker' ? 'worker' : 'ingestion'} ended with exit code ${exitCode}`);
  if (isStopping || command !== null) process.exit(exitCode);
  serve();
}

/**
 * Without a key the simulator takes the API's place, for the ingestion and for every command run
 * with `docker exec`: those read `.env` too. Compose cannot make one default depend on another.
 */
function useSimulatorWithoutKey() {
  rmSync(ENV_FILE, { force: true });
  if (!isSimulated() || process.env.API_BASE_URL || simulatorUrl() === null) return;
  const lines = [
    '# No key was given: the simulator stands in for the API. Written at each start.',
    `API_BASE_URL=${simulatorUrl()}`,
    `TARGET_API_KEY=${SIMULATOR_KEY}`,
    '',
  ];
  writeFileSync(ENV_FILE, lines.join('\n'), { mode: 0o600, flag: 'wx' });
}

/**
 * Simulated and real events must never share a table: the exported ids would be worthless. The
 * first ingestion into the volumes decides which of the two they hold.
 */
function mixingRefusal(flags) {
  const origin = isSimulated() || flags.includes('--simulate') ? 'the simulator' : 'the API';
  if (origin === 'the simulator' && !mayTakeSimulated()) {
    return 'no TARGET_API_KEY is set, and simulated events go into the database only with SIMULATE=true: start with run-ingestion.sh';
  }
  const known = readText(ORIGIN_FILE);
  if (known === null) writeWhole(ORIGIN_FILE, origin);
  else if (known !== origin) {
    return `the database holds events from ${known}, this ingestion would add events from ${origin}: remove the volumes first, with docker compose down --volumes`;
  }
  return null;
}

function mayTakeSimulated() {
  const { SIMULATE, DATABASE_URL } = process.env;
  if (SIMULATE !== 'own') return SIMULATE === 'true';
  return URL.canParse(DATABASE_URL) && new URL(DATABASE_URL).hostname === OWN_DATABASE_HOST;
}

async function waitForSimulator() {
  const health = new URL('/health', simulatorUrl());
  for (let waitedMs = 0; waitedMs < SIMULATOR_WAIT_MS; waitedMs += SIMULATOR_RETRY_MS) {
    const answer = await fetch(health).catch(() => null);
    if (answer?.ok || isStopping) return;
    await delay(SIMULATOR_RETRY_MS);
  }
}

/** Without its key; other sources have no simulator. */
function isSimulated() {
  if ((process.env.SOURCE || SIMULATED_SOURCE) !== SIMULATED_SOURCE) return false;
  const key = (process.env.TARGET_API_KEY ?? '').trim();
  return key === '' || KEY_PLACEHOLDERS.has(key.toLowerCase());
}

function simulatorUrl() {
  return process.env.SIMULATOR_URL || null;
}

function writeStatus() {
  writeWhole(STATUS_FILE, JSON.stringify({ ...status, atMs: Date.now() }));
}

/** Nobody reads a part of it, and it is never written through a link that somebody put there. */
function writeWhole(path, text) {
  const temporary = `${path}.${randomUUID()}.part`;
  writeFileSync(temporary, text, { flag: 'wx' });
  renameSync(temporary, path);
}

async function isHealthy() {
  const text = readText(STATUS_FILE);
  if (text === null) return isReady(HTTP_PORT ?? process.env.HTTP_PORT);
  const { exitCode, atMs } = JSON.parse(text);
  if (Date.now() - atMs > HEARTBEAT_MS_MAX) return false;
  if (exitCode !== null && !HEALTHY_EXIT_CODES.has(exitCode)) return false;
  return HTTP_PORT === null || (await isReady(HTTP_PORT));
}

async function isReady(port) {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  const address = `http://127.0.0.1:${port}/readyz`;
  const answer = await fetch(address, { signal }).catch(() => null);
  return answer?.ok === true;
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
