/** The repository that the compiled tests belong to. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Up from the compiled file to the folder that holds package.json. */
export const REPOSITORY = findRepository(dirname(fileURLToPath(import.meta.url)));

export function readRepositoryFile(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

/** Whether a command is on the PATH. */
export function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v "${name}"`], { stdio: 'ignore' }).status === 0;
}

/** Runs a checker; its output is the message of a failure. */
export function check(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

function findRepository(start: string): string {
  if (existsSync(join(start, 'package.json'))) return start;
  const parent = dirname(start);
  if (parent === start) throw new Error('no package.json above the tests');
  return findRepository(parent);
}
