/**
 * A copy of run-ingestion.sh in a folder of its own, with stubs in place of node, npm and docker.
 *
 * The PATH holds the stubs and links to the few system commands that the script uses, so that
 * nothing of this machine answers in a stub's place. Each stub notes its call in `calls`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './repository.js';

const SYSTEM_COMMANDS =
  'sh cat cp dirname find grep head mkdir mkfifo mktemp readlink rm sed sleep tail tee touch tr';

const STUBS: Readonly<Record<string, string>> = {
  node: `
    case $1 in
      --version) echo "\${STUB_NODE_VERSION:-v20.18.1}"; exit 0 ;;
    esac
    note node "$@"
    case $1 in
      scripts/build.mjs)
        [ -z "\${STUB_BUILD_SAYS:-}" ] || { echo "$STUB_BUILD_SAYS"; exit 1; }
        mkdir -p dist; touch dist/.built ;;
      *) echo '{"status":"complete"}'; exit "\${STUB_EXIT:-0}" ;;
    esac`,
  npm: `
    note npm "$@"
    [ -z "\${STUB_NPM_SAYS:-}" ] || { echo "$STUB_NPM_SAYS" >&2; exit 1; }
    mkdir -p node_modules; touch node_modules/.package-lock.json`,
  docker: `
    note docker "$@"
    case $1 in
      info) exit "\${STUB_ENGINE:-1}" ;;
      compose)
        case $2 in
          version) exit "\${STUB_COMPOSE:-0}" ;;
          up)
            note env "start=$INGEST_ON_START" "simulate=$SIMULATE" "database=$CONTAINER_DATABASE_URL"
            note flags "$INGEST_FLAGS"
            export -p >"$STUB_FOLDER/environment"
            echo "compose output"
            [ -z "\${STUB_UP_SAYS:-}" ] || { echo "$STUB_UP_SAYS" >&2; exit 1; } ;;
        esac ;;
      kill)
        echo "ingestion ended with exit code 130" >>"$STUB_FOLDER/container-log" ;;
      inspect) echo "\${STUB_RUNNING:-true}" ;;
      logs)
        case $2 in
          --follow) exec tail -n +1 -f "$STUB_FOLDER/container-log" >&2 ;;
          *) echo '{"status":"complete"}' ;;
        esac ;;
    esac`,
};

export interface ScriptRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class ScriptSandbox {
  /** The copy of the repository; its name holds a space. */
  readonly folder: string;
  readonly #base: string;
  readonly #bin: string;

  constructor() {
    this.#base = mkdtempSync(join(tmpdir(), 'run-ingestion-test-'));
    this.folder = join(this.#base, 'a copy');
    this.#bin = join(this.#base, 'bin');
    mkdirSync(this.#bin);
    for (const folder of ['src', 'workers', 'scripts']) {
      mkdirSync(join(this.folder, folder), { recursive: true });
    }
    copyFileSync(join(REPOSITORY, 'run-ingestion.sh'), join(this.folder, 'run-ingestion.sh'));
    for (const file of ['.env.example', 'docker-compose.yml', 'package-lock.json']) {
      copyFileSync(join(REPOSITORY, file), join(this.folder, file));
    }
    for (const name of SYSTEM_COMMANDS.split(' ')) this.#link(name);
    for (const name of Object.keys(STUBS)) this.stub(name);
    this.writeContainerLog(0);
  }

  /** What the stubs noted: one call a line, arguments in brackets. */
  calls(): string[] {
    const file = join(this.#base, 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  /** The names of the variables that `docker compose up` was last called with. */
  composeVariables(): string[] {
    const exported = readFileSync(join(this.#base, 'environment'), 'utf8');
    return [...exported.matchAll(/^(?:export|declare -x) (\w+)/gm)].map((match) => match[1] ?? '');
  }

  forgetCalls(): void {
    rmSync(join(this.#base, 'calls'), { force: true });
  }

  removeCommand(name: string): void {
    rmSync(join(this.#bin, name), { force: true });
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(join(this.folder, path, '..'), { recursive: true });
    writeFileSync(join(this.folder, path), content);
  }

  list(): string[] {
    return readdirSync(this.folder);
  }

  /** What the container logs; `exitCode` null: the ingestion has not ended yet. */
  writeContainerLog(exitCode: number | null): void {
    const lines = ['page 1', 'a \\ backslash', 'ingestion complete'];
    if (exitCode !== null) lines.push(`ingestion ended with exit code ${exitCode}`);
    writeFileSync(join(this.#base, 'container-log'), `${lines.join('\n')}\n`);
  }

  /** Links `name` beside the sandbox to the script. */
  linkScript(name: string): string {
    const link = join(this.#base, name);
    symlinkSync(join('a copy', 'run-ingestion.sh'), link);
    return link;
  }

  /** Runs the script to its end. @param from the working folder; @param script how it is named there */
  async run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    { from = this.folder, script = 'run-ingestion.sh' } = {},
  ): Promise<ScriptRun> {
    return finished(this.start(args, environment, { from, script }));
  }

  start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    { from = this.folder, script = 'run-ingestion.sh' } = {},
  ): ChildProcess {
    return spawn(join(this.#bin, 'sh'), [script, ...args], {
      cwd: from,
      env: { PATH: this.#bin, STUB_FOLDER: this.#base, TMPDIR: this.#base, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Temporary folders of the script that it left behind. */
  leftovers(): string[] {
    return readdirSync(this.#base).filter((name) => name.startsWith('run-ingestion.'));
  }

  remove(): void {
    rmSync(this.#base, { recursive: true, force: true });
  }

  stub(name: string): void {
    const file = join(this.#bin, name);
    const note = `note() { for word in "$@"; do printf '[%s]' "$word"; done >>"$STUB_FOLDER/calls"; echo >>"$STUB_FOLDER/calls"; }`;
    writeFileSync(file, `#!/bin/sh\n${note}\n${STUBS[name] ?? ''}\n`);
    chmodSync(file, 0o755);
  }

  #link(name: string): void {
    const found = ['/bin', '/usr/bin'].map((folder) => join(folder, name)).find(existsSync);
    if (found === undefined) throw new Error(`this machine has no ${name}`);
    symlinkSync(found, join(this.#bin, name));
  }
}

/** Waits for a child to end, collecting what it says. */
export async function finished(child: ChildProcess): Promise<ScriptRun> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
