/**
 * Runs a schedule: waits, attempts, and waits again, until a signal. What is decided is core/schedule;
 * what an attempt does is the caller's.
 *
 *   waiting ──due──▶ attempt ──ended──▶ waiting
 *      └──signal──▶ stopped    └──after a signal──▶ stopped
 */
import type { AttemptEnd, NextAttempt, Schedule } from '../../core/schedule.js';
import type { Alarms } from './alarm.js';

export interface ScheduleLoopParts {
  readonly schedule: Schedule;
  readonly alarms: Alarms;
  /** Begins a run, or goes on with one. @returns null: it was ended by a signal, and so is the process */
  readonly attempt: () => Promise<AttemptEnd | null>;
  /** Calls `stop` at a signal from now on. @returns ends that */
  readonly onSignal: (stop: () => void) => () => void;
  readonly watcher: ScheduleWatcher;
}

/** Who is told how it goes. */
export interface ScheduleWatcher {
  /** @param skipped ticks that passed while the last attempt was at work */
  waits(next: NextAttempt, skipped: number): void;
  begins(): void;
  ended(end: AttemptEnd): void;
  /** A run that was due then is not complete in time. */
  late(dueAtMs: number): void;
  /** It is complete after all. */
  inTime(): void;
}

/** Ends with a signal: `waiting`, where no attempt was at work. */
export async function runSchedule(parts: ScheduleLoopParts): Promise<'waiting' | 'attempt'> {
  const { schedule, alarms, attempt, watcher } = parts;
  let skipped = 0;
  let callOff = watchLateness(parts);
  try {
    for (;;) {
      watcher.waits(schedule.next, skipped);
      if ((await waitFor(schedule.next.atMs, parts)) === 'stopped') return 'waiting';
      schedule.began();
      watcher.begins();
      const end = await attempt();
      if (end === null) return 'attempt';
      const ended = schedule.ended(end, alarms.nowMs());
      skipped = ended.skipped;
      watcher.ended(end);
      if (ended.wasLate) watcher.inTime();
      callOff();
      callOff = watchLateness(parts);
    }
  } finally {
    callOff();
  }
}

function waitFor(
  atMs: number,
  { alarms, onSignal }: ScheduleLoopParts,
): Promise<'due' | 'stopped'> {
  return new Promise((resolve) => {
    const end = (why: 'due' | 'stopped'): void => {
      callOff();
      stopListening();
      resolve(why);
    };
    const stopListening = onSignal(() => end('stopped'));
    const callOff = alarms.at(atMs, () => end('due'));
  });
}

function watchLateness({ schedule, alarms, watcher }: ScheduleLoopParts): () => void {
  const { lateAtMs, dueAtMs } = schedule;
  if (lateAtMs === null) return () => {};
  return alarms.at(lateAtMs, () => {
    schedule.late();
    watcher.late(dueAtMs);
  });
}
