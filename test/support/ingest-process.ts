/**
 * The real program as a child process: started without a shell in a folder of its own, with exactly
 * the variables that a test gives it, and awaited by what it logs.
 *
 * Every wait has a deadline, after which it fails with the tail of what the program said.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterEach } from 'vitest';
import { REPOSITORY } from './repository.js';

const MAIN = join(REPOSITORY, 'dist', 'src', 'main.js');
const PRELOAD = pathToFileURL(join(REPOSITORY, 'dist', 'test', 'support', 'break-process.js')).href;
/** Just within the 120 s of a test, so that its complaint is heard. */
const DEADLINE_MS = 100_000;
const TAIL_CHARS = 3_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last line of standard output as JSON; null when it is none. */
  readonly result: Record<string, unknown> | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start of the process. */
  readonly tookMs: number;
  /** From its last word to its end: long when something keeps a finished process alive. */
  readonly lingeredMs: number;
}

/** A line of the program's log. */
export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly event?: string;
  readonly message?: string;
}

interface LogWait {
  readonly isWanted: (line: LogLine) => boolean;
  remaining: number;
  resolve(line: LogLine): void;
}

export class IngestProcess {
  readonly pid: number;
  /** Resolves when the process has ended and its output is read. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #waits = new Set<LogWait>();
  readonly #command: string;
  #stdout = '';
  #stderr = '';
  #hasExited = false;

  constructor(
    args: readonly string[],
    options: { cwd: string; env: NodeJS.ProcessEnv; nodeFlags?: readonly string[] },
  ) {
    const { nodeFlags = [], ...surroundings } = options;
    const startedAtMs = performance.now();
    let lastWordAtMs = startedAtMs;
    const noteWord = (): void => {
      lastWordAtMs = performance.now();
    };
    this.#command = `datasync ${args.join(' ')}`;
    this.#child = spawn(process.execPath, [...nodeFlags, MAIN, ...args], {
      ...surroundings,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#child.stdout.on('data', noteWord);
    this.#child.stderr.on('data', noteWord);
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#onLine(line));
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasExited = true;
      const endedAtMs = performance.now();
      return {
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        result: lastJson(this.#stdout),
        stdout: this.#stdout,
        stderr: this.#stderr,
        tookMs: endedAtMs - startedAtMs,
        lingeredMs: endedAtMs - lastWordAtMs,
      };
    });
  }

  /** The end of the process. */
  async end(deadlineMs = DEADLINE_MS): Promise<Exit> {
    return this.#within(deadlineMs, 'its end', this.exited);
  }

  /** The n-th line of the log, from now on, that is wanted. Fails when the process ends before. */
  async untilLog(
    isWanted: string | ((line: LogLine) => boolean),
    { count = 1, deadlineMs = DEADLINE_MS } = {},
  ): Promise<LogLine> {
    const matches =
      typeof isWanted === 'string' ? (line: LogLine) => line.event === isWanted : isWanted;
    const what = typeof isWanted === 'string' ? `log line ${isWanted} × ${count}` : 'a log line';
    const seen = new Promise<LogLine>((resolve) => {
      this.#waits.add({ isWanted: matches, remaining: count, resolve });
    });
    const ended = this.exited.then((exit) => {
      throw new Error(this.#complaint(`ended (${exit.code ?? exit.signal}) before ${what}`));
    });
    return this.#within(deadlineMs, what, Promise.race([seen, ended]));
  }

  /** Standard output that matches, from the start on. Fails when the process ends before. */
  async untilOutput(pattern: RegExp): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      const look = (): void => {
        if (pattern.test(this.#stdout)) resolve();
      };
      this.#child.stdout.on('data', look);
      look();
    });
    const ended = this.exited.then((exit) => {
      throw new Error(this.#complaint(`ended (${exit.code ?? exit.signal}) before ${pattern}`));
    });
    await this.#within(DEADLINE_MS, `output ${pattern}`, Promise.race([seen, ended]));
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGKILL, and the end that it brings. */
  async kill(): Promise<Exit> {
    this.#child.kill('SIGKILL');
    return this.end();
  }

  #onLine(line: string): void {
    this.#stderr += `${line}\n`;
    const parsed = parseJson(line);
    if (parsed === null) return;
    for (const wait of this.#waits) {
      if (!wait.isWanted(parsed) || --wait.remaining > 0) continue;
      this.#waits.delete(wait);
      wait.resolve(parsed);
    }
  }

  async #within<T>(deadlineMs: number, what: string, awaited: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(this.#complaint(`${what} did not come in ${deadlineMs} ms`))),
        deadlineMs,
      );
    });
    try {
      return await Promise.race([awaited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #complaint(what: string): string {
    const state = this.#hasExited ? 'ended' : 'runs';
    const said = `${this.#stdout}\n${this.#stderr}`.slice(-TAIL_CHARS);
    return `${this.#command} (process ${this.pid}, ${state}): ${what}. It said:\n${said}`;
  }
}

/**
 * Flags of node that break the program as `wish` says: see break-process. Flags, not a variable of the
 * environment: only so the worker threads load it too.
 */
export function breaking(wish: string): readonly string[] {
  return [`--import=${PRELOAD}?${wish}`];
}

export interface IngestFolder {
  /** Empty at the start of each test; the program's working folder. */
  readonly path: string;
  readonly stateFile: string;
  readState(): Record<string, unknown>;
  /** Starts `datasync ARGS` with these variables and no others. */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    nodeFlags?: readonly string[],
  ): IngestProcess;
  /** `start`, and the end of the process. */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    nodeFlags?: readonly string[],
  ): Promise<Exit>;
}

/** A folder for each test, removed after it together with every process that the test left. */
export function useIngestFolder(): IngestFolder {
  let path: string | null = null;
  const processes: IngestProcess[] = [];
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((child) => child.kill()));
    if (path !== null) rmSync(path, { recursive: true, force: true });
    path = null;
  });
  const folder: IngestFolder = {
    get path() {
      path ??= mkdtempSync(join(tmpdir(), 'datasync-ingest-'));
      return path;
    },
    get stateFile() {
      return join(folder.path, 'data', 'ingestion.state');
    },
    readState() {
      if (!existsSync(folder.stateFile)) throw new Error('there is no state file');
      return JSON.parse(readFileSync(folder.stateFile, 'utf8')) as Record<string, unknown>;
    },
    start(args, env, nodeFlags = []) {
      const child = new IngestProcess(args, { cwd: folder.path, env: { ...env }, nodeFlags });
      processes.push(child);
      return child;
    },
    run: (args, env, nodeFlags) => folder.start(args, env, nodeFlags).end(),
  };
  return folder;
}

function lastJson(text: string): Record<string, unknown> | null {
  return parseJson(text.trimEnd().split('\n').at(-1) ?? '');
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
