/**
 * The start of the machine, by which two processes can tell that the clock was set between them: it
 * stands still while the clock does not.
 */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { nowMs } from './clock.js';

export interface Boot {
  /** Tells one start of the machine from another. */
  readonly id: string;
  /** By the clock of this process, epoch ms. */
  readonly atMs: number;
}

/** Null where the system does not name its start: only Linux does. */
export function readBoot(): Boot | null {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { id, atMs: nowMs() - uptime() * 1000 };
  } catch {
    return null;
  }
}
