/** A schedule in a few words. */
import type { ScheduleConfig } from '../../config/schedule-settings.js';
import { formatDuration } from '../../observe/eta.js';

/** `every 15 min 00 s`, or `0 6 * * 1-5 in Europe/Zurich`. */
export function scheduleText(schedule: ScheduleConfig): string {
  return schedule.kind === 'every'
    ? `every ${formatDuration(schedule.everyMs)}`
    : `${schedule.expression} in ${schedule.timeZone}`;
}
