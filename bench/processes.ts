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
import type { LimiterStats } from './limiters/tally.js';
import { readEndedChildrenMs, readMainThreadMs, readProcessMs, readRssBytes } from './proc.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const LIMITER_SERVER = fileURLToPath(new URL('./limiters/server.js', import.meta.url));
const CHILDREN_SERVER = fileURLToPath(new URL('./children/server.js', import.meta.url));
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

/** A server in a process of its own. */
export interface ServerProcess<Stats> {
  readonly baseUrl: string;
  stats(): Promise<Stats>;
  stop(): Promise<void>;
}

export interface SimulatorProcess extends ServerProcess<SimulatorStats> {
  /** Headers that let a request in. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @param knobs by flag, without the dashes; `true` for a flag without a value */
export async function startSimulatorProcess(
  knobs: Readonly<Record<string, number | true>>,
): Promise<SimulatorProcess> {
  const flags = Object.entries(knobs).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
  const server = await startServer<SimulatorStats>(
    'the simulator',
    [MAIN, 'simulate', '--json', '--exit-with-parent', '--profile', 'fast', ...flags],
    '/__sim/stats',
  );
  return { ...server, headers: { 'x-api-key': API_KEY } };
}

/** A server behind a limiter of the catalogue, by its name. @param events that its pages hold */
export function startLimiterServer(
  name: string,
  events: number,
): Promise<ServerProcess<LimiterStats>> {
  return startServer(`the server "${name}"`, [LIMITER_SERVER, name, String(events)], '/stats');
}

/** A server of parents with a child each. */
export function startChildrenServer(parents: number): Promise<ServerProcess<unknown>> {
  return startServer('the server of children', [CHILDREN_SERVER, String(parents)], '/stats');
}

/** Starts what says on its first line, as JSON, where it listens, and ends with its input. */
async function startServer<Stats>(
  what: string,
  args: readonly string[],
  statsPath: string,
): Promise<ServerProcess<Stats>> {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: plainEnvironment(),
  });
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
  if (!said.success) throw new BenchError(`${what} did not start:\n${tail()}`);
  const { origin } = said.data;
  return {
    baseUrl: `${origin}/api/v1`,
    async stats() {
      const response = await fetch(`${origin}${statsPath}`);
      return (await response.json()) as Stats;
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

/** How a process of `ingest` ended. */
export interface IngestExit {
  readonly code: number | null;
  /** Null where its last line is no result. */
  readonly run: IngestRun | null;
  /** The end of what it said. */
  readonly said: string;
}

export interface IngestProcess {
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Its end, whatever it was. */
  exit(): Promise<IngestExit>;
  /** @throws BenchError with the tail of what it said, unless its exit code is `expectedCode` */
  end(expectedCode?: number): Promise<IngestRun>;
}

/** Starts `datasync ingest --json ARGS` in `cwd`. One at a time: CPU time is counted by its end. */
export function startIngest(
  args: readonly string[],
  where: {
    readonly cwd: string;
    readonly databaseUrl: string;
    readonly baseUrl: string;
    readonly variables?: Readonly<Record<string, string>>;
  },
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
      ...where.variables,
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
  const exit = async (): Promise<IngestExit> => {
    const { code, wallMs } = await ended;
    const parsed = ingestResult.safeParse(parseJson(output.trimEnd().split('\n').at(-1) ?? ''));
    const endedAfterMs = readEndedChildrenMs();
    const cpuMs =
      endedBeforeMs === null || endedAfterMs === null ? null : endedAfterMs - endedBeforeMs;
    return {
      code,
      run: parsed.success
        ? { result: parsed.data, wallMs, startedAtMs, cpuMs, cpuSamples, memory }
        : null,
      said: `${tail()}\n${output.slice(-TAIL_CHARS)}`,
    };
  };
  return {
    pid,
    signal: (signal) => void child.kill(signal),
    exit,
    async end(expectedCode = 0) {
      const { code, run, said } = await exit();
      if (code === expectedCode && run !== null) return run;
      const flags = ['ingest', ...args].join(' ');
      throw new BenchError(
        `"${flags}" ended with exit code ${code}, not ${expectedCode}:\n${said}`,
      );
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
