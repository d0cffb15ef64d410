/**
 * What Linux tells of processes: memory and CPU time, from /proc. Elsewhere every figure is null.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts CPU time for user space in hundredths of a second on every platform of Node. */
const TICK_MS = 10;

/** CPU time of one process, in ms. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that have ended and were waited for, their own such children included. */
  readonly endedChildrenMs: number;
}

/** @param text of /proc/PID/stat; the command's name in it may hold blanks and brackets */
export function parseStat(text: string): ProcessTimes | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(nameEnd + 2).split(' ');
  // Counted from the state, which is field 3 of proc(5).
  const [parent, user, system, childrenUser, childrenSystem] = [1, 11, 12, 13, 14].map((index) =>
    Number(fields[index]),
  ) as [number, number, number, number, number];
  if (nameEnd < 0 || !Number.isFinite(pid + childrenSystem)) return null;
  return {
    pid,
    parent,
    ownMs: (user + system) * TICK_MS,
    endedChildrenMs: (childrenUser + childrenSystem) * TICK_MS,
  };
}

/** @param text of /proc/PID/status */
export function parseRssBytes(text: string): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** CPU time of a process and all that descend from it: those that live, and those that it outlived. */
export function treeMs(root: number, all: readonly ProcessTimes[]): number | null {
  const children = new Map<number, ProcessTimes[]>();
  for (const one of all) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
  const top = all.find(({ pid }) => pid === root);
  if (top === undefined) return null;
  let sum = 0;
  const open = [top];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    sum += one.ownMs + one.endedChildrenMs;
    open.push(...(children.get(one.pid) ?? []));
  }
  return sum;
}

/** CPU time of a living process tree; null where /proc does not tell. */
export function readTreeMs(root: number): number | null {
  const all = numbersIn('/proc').map((pid) => readTimes(`/proc/${pid}/stat`));
  return treeMs(
    root,
    all.filter((one) => one !== null),
  );
}

/** CPU time of all children of this process that have ended; null where /proc does not tell. */
export function readEndedChildrenMs(): number | null {
  return readTimes('/proc/self/stat')?.endedChildrenMs ?? null;
}

/** CPU time of all threads of a process; null when it has ended. */
export function readProcessMs(pid: number): number | null {
  return readTimes(`/proc/${pid}/stat`)?.ownMs ?? null;
}

/** CPU time of the first thread of a process; null when it has ended. */
export function readMainThreadMs(pid: number): number | null {
  return readTimes(`/proc/${pid}/task/${pid}/stat`)?.ownMs ?? null;
}

export function readRssBytes(pid: number): number | null {
  const text = readText(`/proc/${pid}/status`);
  return text === null ? null : parseRssBytes(text);
}

/** The parent of a process, and its name; null when there is no such process. */
export function readParent(pid: number): { readonly pid: number; readonly name: string } | null {
  const times = readTimes(`/proc/${pid}/stat`);
  const name = readText(`/proc/${pid}/comm`);
  return times === null || name === null ? null : { pid: times.parent, name: name.trim() };
}

function readTimes(path: string): ProcessTimes | null {
  const text = readText(path);
  return text === null ? null : parseStat(text);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
