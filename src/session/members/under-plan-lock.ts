/** Work under the plan lock of a stream, with the settings of the process. See database/plan-lock.ts. */
import { type PlanSession, withPlanLock } from '../../database/plan-lock.js';
import { answerDeadlineMs } from '../../postgres/client.js';
import type { SessionParts } from '../session-parts.js';

type PlanParts = Pick<SessionParts, 'context' | 'database' | 'source' | 'patience'>;

/** @param work called again if the lock is lost @throws as `withPlanLock` */
export function underPlanLock<T>(
  { context, database, source, patience }: PlanParts,
  work: (session: PlanSession) => Promise<T>,
): Promise<T> {
  const { config, log } = context;
  const { streamKey } = source;
  const settings = {
    ...{ connectionString: database.connectionString, patience, leaseMs: config.leaseMs },
    silenceMs: answerDeadlineMs(config.statementTimeoutMs),
    onFrozen() {
      const message = `the process that plans the run of ${streamKey.stream} shows no life: its session is ended`;
      log.warn({ event: 'holder_frozen' }, message);
    },
  };
  return withPlanLock(streamKey, settings, work);
}
