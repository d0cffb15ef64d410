/** A copy of a folder of `examples`, and the commands of its README in a shell in which `datasync` is a command. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { IngestFolder } from './ingest-process.js';
import { REPOSITORY } from './repository.js';
import { finished, type ScriptRun } from './script-sandbox.js';

export class Example {
  /** The copy; beside it lies the build, as in the repository. */
  readonly path: string;
  readonly #bin: string;

  constructor(name: string, folder: IngestFolder) {
    this.path = join(folder.path, 'examples', name);
    cpSync(join(REPOSITORY, 'examples', name), this.path, { recursive: true });
    if (!existsSync(join(folder.path, 'dist'))) {
      symlinkSync(join(REPOSITORY, 'dist'), join(folder.path, 'dist'));
    }
    this.#bin = join(folder.path, 'bin');
    mkdirSync(this.#bin);
    this.#command(
      'datasync',
      `exec "${process.execPath}" "${join(REPOSITORY, 'dist/src/main.js')}" "$@"`,
    );
    this.#command('node', `exec "${process.execPath}" "$@"`);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  /** The blocks of shell commands of its README, in order. */
  commands(): string[] {
    return [...this.read('README.md').matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
      ([, block = '']) => block,
    );
  }

  /** Runs commands to their end; the first that fails ends them. Other variables than `env` are those of a login. */
  sh(commands: string, env: Readonly<Record<string, string>>): Promise<ScriptRun> {
    const login = { HOME: this.path, PATH: `${this.#bin}:${process.env.PATH}` };
    return finished(
      spawn('sh', ['-e', '-c', commands], { cwd: this.path, env: { ...login, ...env } }),
    );
  }

  /** `sh`, which has to succeed. */
  async succeed(commands: string, env: Readonly<Record<string, string>>): Promise<ScriptRun> {
    const run = await this.sh(commands, env);
    expect(run.code, run.stdout + run.stderr.slice(-3_000)).toBe(0);
    return run;
  }

  #command(name: string, text: string): void {
    const path = join(this.#bin, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }
}
