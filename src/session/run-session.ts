/**
 * One process's share of a run, from its first request to its last word. Each step is a file of its own:
 *
 *   limits ─▶ scheduler ─▶ account ─▶ engine ─▶ onlookers ─▶ open ─▶ run ─▶ end
 */
import type { Fault } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import { listOtherColumns } from '../database/column-types.js';
import { asIngestionError } from '../database/connect.js';
import { tableOf } from '../postgres/stream-table.js';
import { observeAll } from '../runtime/observe-all.js';
import { RunJournal } from '../runtime/run-journal.js';
import { buildScheduler } from './build-scheduler.js';
import { concernsAll } from './concerns-all.js';
import { endSession, type SessionEnd } from './end-session.js';
import { Engine } from './engine.js';
import type { EnterRunAgain } from './members/enter-run.js';
import { entersRunAgain, viewOf } from './members/share-end.js';
import { lookOn } from './onlookers/look-on.js';
import type { SessionLimits } from './open-limits.js';
import { RunAccount } from './run-account.js';
import { otherColumnTypes } from './run-warnings.js';
import type { SessionParts } from './session-parts.js';

/** @throws IngestionError when the database cannot be used, or does not take the end of the run */
export async function runSession(parts: SessionParts): Promise<SessionEnd | EnterRunAgain> {
  const { shared, context, share } = parts;
  let engine: Engine | null = null;
  const limits = await shared.limits(parts, () => engine?.wake());
  const { limiter } = limits;
  const { scheduler, credits } = buildScheduler(parts, limits);
  const journal = openJournal(parts, limits, (fault) => engine?.drain({ status: 'failed', fault }));
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
    const fail = (fault: Fault): void => running.drain({ status: 'failed', fault });
    void parts.lock.gone.then(fail);
    void share.lost.then(fail);
    whenAborted(parts.handBack, () => running.drain({ status: 'interrupted' }));
    share.begin(viewOf({ scheduler, stats, figures, engine }));
    const outcome = await runToEnd(parts, engine);
    const again = entersRunAgain(parts, outcome);
    if (again !== null) {
      await engine.finish();
      return again;
    }
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
  { context, store, prepared, share }: SessionParts,
  { reserve }: SessionLimits,
  fail: (fault: Fault) => void,
): RunJournal {
  const { log } = context;
  return new RunJournal({
    run: prepared.run.run,
    store,
    reserveStarts: reserve,
    segments: share,
    faultOf: (error) => asIngestionError(error).fault,
    onSegmentFault: fail,
    onReaderFault: (fault) => log.warn({ event: 'journal_failed', fault }, fault.message),
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

/** Also where it was before. */
function whenAborted(signal: AbortSignal | undefined, act: () => void): void {
  if (signal?.aborted) act();
  else signal?.addEventListener('abort', act, { once: true });
}
