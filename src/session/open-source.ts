/** Opens where the events come from: the API, or the bundled simulator in a process of its own. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { Config, Target } from '../config/config.js';
import { childEnvironment } from '../config/environment.js';
import { proxiesFor } from '../config/proxy-settings.js';
import { IngestionError } from '../core/fault.js';
import type { Proxies } from '../protocol/fetch-messages.js';

export interface OpenTarget {
  readonly origin: string;
  readonly basePath: string;
  readonly apiKey: string;
  /** Before it; null: requests go to the origin itself. */
  readonly proxies: Proxies | null;
  /** What a run is known by: stable where the simulator's port is not. */
  readonly runOrigin: string;
  close(): void;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const SIMULATOR_KEY = 'simulator-key';
const listening = z.object({ listening: z.literal(true), origin: z.string() });

/** What a run over this target is known by. */
export function runOriginOf(target: Target): string {
  if (target.kind === 'api') return `${target.origin}${target.basePath}`;
  return `simulator:seed=${target.seed},events=${target.events}`;
}

/** A name for the key that reveals nothing of it. */
export function hashKey(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex').slice(0, 16);
}

/** @throws IngestionError when the simulator does not start */
export async function openTarget(config: Config): Promise<OpenTarget> {
  const { target } = config;
  const runOrigin = runOriginOf(target);
  if (target.kind === 'api') {
    const proxies = proxiesFor(target.origin, config.proxies);
    return { ...target, proxies, runOrigin, close: () => {} };
  }
  const simulator = await spawnSimulator(target);
  return { ...simulator, basePath: '/api/v1', apiKey: SIMULATOR_KEY, proxies: null, runOrigin };
}

async function spawnSimulator(
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
