/** Exit codes that a script can use; docs/commands.md lists them. */
import type { Fault } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';

export const EXIT = {
  complete: 0,
  failed: 1,
  usage: 2,
  paused: 3,
  credentials: 4,
  database: 5,
  interrupted: 130,
} as const;

export function exitCodeForOutcome(outcome: RunOutcome): number {
  switch (outcome.status) {
    case 'complete':
      return EXIT.complete;
    case 'interrupted':
      return EXIT.interrupted;
    case 'paused':
      return EXIT.paused;
    case 'failed':
      return exitCodeForFault(outcome.fault);
  }
}

export function exitCodeForFault(fault: Fault): number {
  if (fault.code === 'CREDENTIALS') return EXIT.credentials;
  if (fault.code.startsWith('DATABASE')) return EXIT.database;
  return EXIT.failed;
}
