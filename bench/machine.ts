/** The machine and the versions that figures belong to. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly program: string;
  /** The commit that was measured, with `+` when the tree has changes; null outside of git. */
  readonly commit: string | null;
  /** Of the last minute, when the bench began. */
  readonly loadAtStart: number;
}

/** Above this share of its cores a machine is busy with other work. */
const BUSY_SHARE = 0.25;

export function readMachine(root: string): Machine {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
    version: string;
  };
  return {
    cores: cpus().length,
    model: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    program: version,
    commit: readCommit(root),
    loadAtStart: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** @returns the warning; null when the machine is idle enough */
export function busyWarning({ loadAtStart, cores }: Machine): string | null {
  if (loadAtStart <= cores * BUSY_SHARE) return null;
  return `The machine was busy at the start (load ${loadAtStart} on ${cores} cores): figures may be low.`;
}

function readCommit(root: string): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', root, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  try {
    const changes = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+';
    return `${git('rev-parse', '--short', 'HEAD')}${changes}`;
  } catch {
    return null;
  }
}
