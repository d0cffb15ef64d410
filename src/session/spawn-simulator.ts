/** Starts the bundled simulator in a process of its own, which ends with this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { Target } from '../config/config.js';
import { childEnvironment } from '../config/environment.js';
import { IngestionError } from '../core/fault.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const listening = z.object({ listening: z.literal(true), origin: z.string() });

/** @throws IngestionError when it does not start */
export async function spawnSimulator(
  target: Extract<Target, { kind: 'simulator' }>,
): Promise<{ origin: string; close: () => void }> {
  const knobs = {
    '--events': target.events,
    '--profile': target.profile,
    '--seed': target.seed,
    '--port': 0,
  };
  const flags = Object.entries(knobs).flatMap(([flag, value]) => [flag, String(value)]);
  const child = spawn(
    process.execPath,
    [MAIN, 'simulate', '--json', '--exit-with-parent', ...flags],
    // In a group of its own: a Ctrl-C must not end it while what is in flight is being finished.
    { stdio: ['pipe', 'pipe', 'inherit'], detached: true, env: childEnvironment() },
  );
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => null),
  ]);
  const said = listening.safeParse(parseJson(first));
  if (!said.success) {
    child.kill();
    throw new IngestionError({
      code: 'NETWORK',
      message: 'the bundled simulator did not start; what it said is above',
      retryable: false,
    });
  }
  child.unref();
  return { origin: said.data.origin, close: () => child.kill('SIGTERM') };
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}
