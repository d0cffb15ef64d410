/**
 * The processes under test: the simulator, and the program itself, as a user would start them, each
 * without a shell and with exactly the variables that it needs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment } from '../src/config/environment.js';
import type { SimulatorStats } from '../src/simulator/stats.js';
import { BenchError } from './bench-error.js';
import type { CpuSample } from './cpu-samples.js';
import { readEndedChildrenMs, readMainThreadMs, readProcessMs, readRssBytes } from './proc.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const API_KEY = 'simulator-key';
const SAMPLE_MS = 100;
const TAIL_CHARS = 3_000;
const READY_DEADLINE_MS = 120_000;

const living = new Set<ChildProcess>();

/** Ends what runs, for the bench itself is being ended. */
export function endAll(): void {
  for (const child of living) child.kill('SIGKILL');
}

/** Path, and nothing of the user's settings, which would change what is measured. */
export function plainEnvironment(): Record<string, string> {
  return { PATH: childEnvironment().PATH ?? '/usr/local/bin:/usr/bin:/bin' };
}

export interface SimulatorProcess {
  readonly baseUrl: string;
  /** Headers that let a request in. */
  readonly headers: Readonly<Record<string, string>>;
  stats(): Promise<SimulatorStats>;
  stop(): Promise<void>;
}

/** @param knobs by flag, without the dashes; `true` for a flag without a value */
export async function startSimulatorProcess(
  knobs: Readonly<Record<string, number | true>>,
): Promise<SimulatorProcess> {
  const flags = Object.entries(knobs).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const child = spawn(
    process.execPath,
    [MAIN, 'simulate', '--json', '--exit-with-parent', '--profile', 'fast', ...flags],
    { stdio: ['pipe', 'pipe', 'pipe'], env: plainEnvironment() },
  );
  living.add(child);
  const tail = keepTail(child);
  const exited = once(child, 'close').then(() => {
    living.delete(child);
    return null;
  });
  const first = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line', {
      signal: AbortSignal.timeout(READY_DEADLINE_MS),
    }).then(([line]) => String(line)),
    exited,
  ]);
  const said = z.object({ origin: z.string() }).safeParse(parseJson(first ?? ''));
  if (!said.success) throw new BenchError(`the simulator did not start:\n${tail()}`);
  const { origin } = said.data;
  return {
    baseUrl: `${origin}/api/v1`,
    headers: { 'x-api-key': API_KEY },
    async stats() {
      const response = await fetch(`${origin}/__sim/stats`);
      return (await response.json()) as SimulatorStats;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

const ingestResult = z.object({
  status: z.string(),
  eventsIngested: z.number(),
  requests: z.number(),
  refused: z.number(),
  retries: z.number(),
  durationMs: z.number(),
  eventsPerSecond: z.number(),
  utilisation: z.number().nullable(),
  peakRssBytes: z.number(),
  mainLoopDelayP99Ms: z.number(),
  firstCommitMs: z.number().nullable(),
  writeMethod: z.string(),
});

/** What the program says of itself in its last line. */
export type IngestJson = z.infer<typeof ingestResult>;

/** One process of `ingest`, from its start to its end. */
export interface IngestRun {
  readonly result: IngestJson;
  /** From before the process is made to after it has ended. */
  readonly wallMs: number;
  /** Epoch ms at which it was made. */
  readonly startedAtMs: number;
  /** CPU time of all of its threads; null where it cannot be read. */
  readonly cpuMs: number | null;
  /** The same while it ran, each 100 ms; empty where it cannot be read. */
  readonly cpuSamples: readonly CpuSample[];
  /** [ms since the start, resident bytes]. */
  readonly memory: readonly (readonly [number, number])[];
}

export interface IngestProcess {
  signal(signal: NodeJS.Signals): void;
  /** @throws BenchError with the tail of what it said, unless its exit code is `expectedCode` */
  end(expectedCode?: number): Promise<IngestRun>;
}

/** Starts `datasync ingest --json ARGS` in `cwd`. One at a time: CPU time is counted by its end. */
export function startIngest(
  args: readonly string[],
  where: { readonly cwd: string; readonly databaseUrl: string; readonly baseUrl: string },
): IngestProcess {
  const endedBeforeMs = readEndedChildrenMs();
  const startedAtMs = performance.timeOrigin + performance.now();
  const elapsedMs = (): number => performance.timeOrigin + performance.now() - startedAtMs;
  const child = spawn(process.execPath, [MAIN, 'ingest', '--json', ...args], {
    cwd: where.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...plainEnvironment(),
      DATABASE_URL: where.databaseUrl,
      API_BASE_URL: where.baseUrl,
      TARGET_API_KEY: API_KEY,
      LOG_LEVEL: 'warn',
    },
  });
  living.add(child);
  const tail = keepTail(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const memory: [number, number][] = [];
  const cpuSamples: CpuSample[] = [];
  const pid = child.pid ?? 0;
  const sampler = setInterval(() => {
    const rss = readRssBytes(pid);
    if (rss !== null) memory.push([Math.round(elapsedMs()), rss]);
    const [ownMs, mainMs] = [readProcessMs(pid), readMainThreadMs(pid)];
    if (ownMs !== null && mainMs !== null) cpuSamples.push({ atMs: elapsedMs(), ownMs, mainMs });
  }, SAMPLE_MS);
  const ended = once(child, 'close').then(([code]) => {
    clearInterval(sampler);
    living.delete(child);
    return { code: code as number | null, wallMs: elapsedMs() };
  });
  return {
    signal: (signal) => void child.kill(signal),
    async end(expectedCode = 0) {
      const { code, wallMs } = await ended;
      const parsed = ingestResult.safeParse(parseJson(output.trimEnd().split('\n').at(-1) ?? ''));
      if (code !== expectedCode || !parsed.success) {
        const flags = ['ingest', ...args].join(' ');
        throw new BenchError(
          `"${flags}" ended with exit code ${code}, not ${expectedCode}:\n${tail()}\n${output.slice(-TAIL_CHARS)}`,
        );
      }
      const endedAfterMs = readEndedChildrenMs();
      const cpuMs =
        endedBeforeMs === null || endedAfterMs === null ? null : endedAfterMs - endedBeforeMs;
      return { result: parsed.data, wallMs, startedAtMs, cpuMs, cpuSamples, memory };
    },
  };
}

/** @returns gives the end of what the child has said on standard error */
function keepTail(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-TAIL_CHARS);
  });
  return () => said;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
