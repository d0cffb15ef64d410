/** A program on a terminal of its own, for what it does only where there is one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';

const DEADLINE_MS = 20_000;

/** A terminal of util-linux's script, which gives a program one where a test has none. */
export class Terminal {
  readonly #child: ChildProcess;
  #seen = '';
  #heard: () => void = () => {};

  constructor(command: string, env: Readonly<Record<string, string>>, cwd?: string) {
    this.#child = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], {
      env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child.once('exit', () => this.#heard());
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#seen += chunk.toString();
      this.#heard();
    });
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Resolves once the screen has shown it, this many times. */
  async until(text: string, times = 1): Promise<string> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), DEADLINE_MS);
    while (this.#seen.split(text).length <= times) {
      if (this.#hasEnded) throw new Error(`it ended before: ${this.#seen}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    clearTimeout(timer);
    return this.#seen;
  }

  async ended(): Promise<number | null> {
    if (!this.#hasEnded) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** One that was killed has a signal in place of a code. */
  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** @returns opens one that is closed after the test */
export function useTerminals(): (...args: ConstructorParameters<typeof Terminal>) => Terminal {
  const open: Terminal[] = [];
  afterEach(() => {
    for (const terminal of open.splice(0)) terminal.kill();
  });
  return (...args) => {
    const terminal = new Terminal(...args);
    open.push(terminal);
    return terminal;
  };
}
