/**
 * One process's share of a run, from its first request to its last word. Each step is a file of its own:
 *
 *   limits ─▶ scheduler ─▶ account ─▶ engine ─▶ onlookers ─▶ open ─▶ run ─▶ end
 */
import type { RunOutcome } from '../core/scheduler-types.js';
import { listOtherColumns } from '../database/column-types.js';
import { asIngestionError } from '../database/connect.js';
import { tableOf } from '../postgres/stream-table.js';
import { nowMs } from '../runtime/clock.js';
import { observeAll } from '../runtime/observe-all.js';
import { RunJournal } from '../runtime/run-journal.js';
import { buildScheduler } from './build-scheduler.js';
import { concernsAll } from './concerns-all.js';
import { endSession, type SessionEnd } from './end-session.js';
import { Engine } from './engine.js';
import { lookOn } from './onlookers/look-on.js';
import type { SessionLimits } from './open-limits.js';
import { readSeeds } from './prepare-children.js';
import { RunAccount } from './run-account.js';
import { otherColumnTypes } from './run-warnings.js';
import type { SessionParts } from './session-parts.js';

/** @throws IngestionError when the database cannot be used, or does not take the end of the run */
export async function runSession(parts: SessionParts): Promise<SessionEnd> {
  const { shared, context } = parts;
  let engine: Engine | null = null;
  const limits = await shared.limits(parts, () => engine?.wake());
  const { limiter } = limits;
  const { scheduler, credits } = buildScheduler(parts, limits);
  const journal = openJournal(parts, limits);
  const account = new RunAccount(parts, { limits, scheduler }, journal);
  engine = new Engine(parts, journal);
  let stopListening = (): void => {};
  try {
    const { stats, figures } = account;
    const onlookers = await lookOn(parts, { scheduler, limiter, stats, figures, engine });
    const observer = observeAll(account.watch, onlookers, (error) => complain(parts, error));
    engine.assemble(scheduler, observer);
    stopListening = shared.drains.add(engine, { log: context.log, leave: parts.leave });
    await engine.open();
    account.warnings.add(await otherColumns(parts));
    account.start();
    const running = engine;
    void parts.lock.gone.then((fault) => running.drain({ status: 'failed', fault }));
    const outcome = await runToEnd(parts, engine);
    // At once, before another stream makes a request in vain.
    if (concernsAll(outcome)) shared.drains.drain(outcome);
    return await endSession(parts, { scheduler, limits, engine, account }, outcome);
  } finally {
    account.stop();
    stopListening();
    limits.leave();
    shared.credits.leave(credits);
    await engine.close();
  }
}

async function otherColumns({ database, source, patience }: SessionParts): Promise<string | null> {
  const { target } = source.spec;
  const { qualified } = tableOf(target);
  const find = () => listOtherColumns(database.pool, { qualified }, target.columns);
  return otherColumnTypes(qualified, await patience.during(find));
}

function openJournal(
  { context, store, children, prepared }: SessionParts,
  { reserve }: SessionLimits,
): RunJournal {
  const { log } = context;
  return new RunJournal({
    run: prepared.run.run,
    store,
    reserveStarts: reserve,
    readSeeds: (behind) => {
      const before = prepared.children?.before ?? 0;
      return readSeeds(children, { run: prepared.run.run, behind, before, nowMs: nowMs() });
    },
    faultOf: (error) => asIngestionError(error).fault,
    onSegmentFault: (fault) => log.warn({ event: 'journal_failed', fault }, fault.message),
  });
}

/** A bug is put on record too, as far as that goes. */
async function runToEnd(
  { context, store, prepared }: SessionParts,
  engine: Engine,
): Promise<RunOutcome> {
  try {
    return await engine.run();
  } catch (bug) {
    const message = `a bug ended it: ${bug instanceof Error ? bug.message : String(bug)}`;
    const lastError = context.redact(message);
    await store.setRunStatus(prepared.run.run, 'failed', { lastError }).catch(() => {});
    throw bug;
  }
}

function complain({ context }: SessionParts, error: unknown): void {
  const reason = error instanceof Error ? error.stack : String(error);
  context.log.error({ event: 'onlooker_failed' }, `what looks on at the run failed: ${reason}`);
}
