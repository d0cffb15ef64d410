/** Settings of a schedule: when `ingest` begins again by itself, and how it spreads its beginnings. */
import { Cron } from 'croner';
import * as z from 'zod/mini';
import { duration, number } from './setting-kinds.js';
import { setting } from './setting-text.js';

/** Shorter is a run without an end, not a schedule. */
const EVERY_LEAST_MS = 1_000;
const FIELDS = /^(?:@[a-z]+|(?:\S+\s+){4}\S+)$/i;

export const scheduleSettings = {
  SCHEDULE_EVERY: setting(z.optional(duration(EVERY_LEAST_MS)), {
    unset: 'one run',
    meaning: '`ingest` runs again by itself, at this interval.',
  }),
  SCHEDULE_CRON: setting(z.optional(z.string()), {
    takes: 'a cron expression of five fields, or a name such as `@daily`',
    unset: 'one run',
    meaning: '`ingest` runs again by itself, at these times.',
  }),
  SCHEDULE_TIMEZONE: setting(z.optional(z.string()), {
    takes: 'an IANA name, such as `Europe/Zurich`',
    unset: 'the time zone of the process',
    meaning: 'Time zone of the cron expression.',
  }),
  SCHEDULE_JITTER: setting(z._default(number(0, 0.5), 0.1), {
    meaning:
      'Share of the time between two runs within which the next one begins, one minute at most.',
  }),
};

/** When runs begin. */
export type ScheduleConfig = {
  /** Share of the time between two ticks in which a run begins. */
  readonly jitterShare: number;
} & (
  | { readonly kind: 'every'; readonly everyMs: number }
  | {
      readonly kind: 'cron';
      readonly expression: string;
      /** IANA name. */
      readonly timeZone: string;
    }
);

interface ScheduleValues {
  readonly SCHEDULE_EVERY?: number | undefined;
  readonly SCHEDULE_CRON?: string | undefined;
  readonly SCHEDULE_TIMEZONE?: string | undefined;
  readonly SCHEDULE_JITTER: number;
}

/** @returns null where there is none: one run, and the process ends */
export function scheduleConfig(values: ScheduleValues): ScheduleConfig | null {
  const { SCHEDULE_EVERY: everyMs, SCHEDULE_CRON: expression } = values;
  const jitterShare = values.SCHEDULE_JITTER;
  if (everyMs !== undefined) return { kind: 'every', everyMs, jitterShare };
  if (expression === undefined) return null;
  const timeZone = values.SCHEDULE_TIMEZONE ?? localTimeZone();
  return { kind: 'cron', expression, timeZone, jitterShare };
}

/** What no single setting can say, and what only croner knows of an expression. */
export function scheduleFaults(
  values: Readonly<Record<string, unknown>>,
): { readonly setting: string; readonly message: string }[] {
  const { SCHEDULE_EVERY, SCHEDULE_CRON: cron, SCHEDULE_TIMEZONE: timeZone } = values;
  const faults = [];
  if (timeZone !== undefined && !isTimeZone(String(timeZone))) {
    const message = 'takes a time zone by its IANA name, such as Europe/Zurich';
    faults.push({ setting: 'SCHEDULE_TIMEZONE', message });
  }
  if (cron === undefined) return faults;
  if (SCHEDULE_EVERY !== undefined) {
    const message = 'cannot be set beside SCHEDULE_EVERY: choose one';
    faults.push({ setting: 'SCHEDULE_CRON', message });
  }
  const fault = cronFault(String(cron));
  if (fault !== null) faults.push({ setting: 'SCHEDULE_CRON', message: fault });
  return faults;
}

function cronFault(expression: string): string | null {
  const kind = 'takes five fields (minute, hour, day, month, weekday), such as "0 6 * * 1-5"';
  if (!FIELDS.test(expression)) return kind;
  try {
    const names = new Cron(expression, { paused: true, mode: '5-part' }).nextRun();
    return names === null ? `${kind}: "${expression}" names no instant` : null;
  } catch (error) {
    const { message } = error as Error;
    return `${kind}: ${message.replace(/^CronPattern: /, '')}`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
