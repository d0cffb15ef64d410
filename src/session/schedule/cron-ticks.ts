/** The instants that a cron expression names. */
import { Cron } from 'croner';
import type { ScheduleConfig } from '../../config/schedule-settings.js';
import { assert } from '../../core/fault.js';
import type { Ticks } from '../../core/schedule.js';

type CronSchedule = Extract<ScheduleConfig, { readonly kind: 'cron' }>;

/** The configuration has seen to it that there are some; five fields name no year, so that there is always a next. */
export function cronTicks({
  expression,
  timeZone,
}: Pick<CronSchedule, 'expression' | 'timeZone'>): Ticks {
  const cron = new Cron(expression, { paused: true, mode: '5-part', timezone: timeZone });
  return {
    after(ms) {
      const tick = cron.nextRun(new Date(ms));
      assert(tick !== null, `the cron expression ${expression} names no instant any more`);
      return tick.getTime();
    },
  };
}
