/** Runs `datasync ingest` as a process: its log as events, its last line as the result. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/**
 * @param {readonly string[]} args flags of `datasync ingest`
 * @param {object} [options]
 * @param {AbortSignal} [options.signal] aborted: the run is paused, and the next call resumes it
 * @param {(event: Record<string, unknown>) => void} [options.onEvent] gets each event of the log
 * @param {NodeJS.ProcessEnv} [options.env] settings, as for the command line
 * @param {string} [options.cwd] where ./data and ./reports go
 * @returns {Promise<Record<string, unknown>>} the result, also of a run that failed
 */
export async function ingest(args, { signal, onEvent = () => {}, env, cwd } = {}) {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [PROGRAM, 'ingest', '--json', ...args], {
    env: env ?? process.env,
    cwd,
    // Ctrl-C in a terminal reaches this process alone: a second signal would end the program at once.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pause = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', pause);
  let last = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line;
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    const event = parsed(line);
    if (event !== null) onEvent(event);
  });
  try {
    await once(child, 'close');
  } finally {
    signal?.removeEventListener('abort', pause);
  }
  const result = parsed(last);
  if (result === null) throw new Error('the program ended without a result');
  return result;
}

/** Null: the line is text for a person. */
function parsed(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
