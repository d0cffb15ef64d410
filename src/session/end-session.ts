/** The end of a session, in order: the ledger first, then all who show the run, then the report. */
import type { RunOutcome } from '../core/scheduler-types.js';
import type { ChildStore } from '../database/child-store.js';
import { noteMissed } from '../database/delete-missing.js';
import type { WatermarkChange } from '../database/watermarks.js';
import { type Deletion, type IngestResult, ingestResult } from '../observe/report.js';
import { nowMs } from '../runtime/clock.js';
import { commandText } from './command-text.js';
import { deleteUnseen, notesSeen } from './deletion/unseen-rows.js';
import type { Engine } from './engine.js';
import { conclude } from './members/conclude.js';
import type { EnterRunAgain } from './members/enter-run.js';
import { nextWatermark } from './next-watermark.js';
import { compareRows } from './onlookers/compare-rows.js';
import type { SessionLimits } from './open-limits.js';
import { putOnRecord } from './put-on-record.js';
import { keepRecords, type SeenRecords, seeRecords } from './record-fields.js';
import { keepReport } from './reports/keep-report.js';
import type { Deciding, RunAccount } from './run-account.js';
import {
  changedRecords,
  missingRecords,
  movedRecords,
  noWatermark,
  passedTotal,
  unknownMoves,
  watermarkAhead,
} from './run-warnings.js';
import type { SessionParts } from './session-parts.js';

export interface SessionEnd {
  readonly result: IngestResult;
  readonly outcome: RunOutcome;
  /** Of the report; null when it could not be written. */
  readonly page: string | null;
}

export interface EndingSession extends Pick<Deciding, 'scheduler'> {
  readonly limits: SessionLimits;
  readonly engine: Engine;
  readonly account: RunAccount;
}

/** @returns why the run is to be entered again, where it is not over @throws IngestionError when the end cannot be put on record */
export async function endSession(
  parts: SessionParts,
  ending: EndingSession,
  given: RunOutcome,
): Promise<SessionEnd | EnterRunAgain> {
  const { context, database, prepared, onlookers } = parts;
  const outcome = redacted(given, context.redact);
  const { account, engine, limits } = ending;
  const { stats, figures, watch, warnings, timeline } = account;
  const { run } = prepared;
  // It was waited for already: what is left to be told it is tried once.
  if (outcome.status === 'failed') parts.patience.end();
  account.stop();
  const endedAtMs = nowMs();
  figures.end(endedAtMs);
  const facts = await engine.finish();
  const ended = { run: run.run, outcome, redact: context.redact };
  // Once, for a second look would find the fields of the first attempt, and nothing new.
  let seen: SeenRecords | null = null;
  const conclusion = await conclude(parts, outcome, async (held) => {
    seen ??= await seeRecords(held, facts, outcome);
    const watermark = outcome.status === 'complete' ? await watermarkAfter(held) : null;
    await putOnRecord(held.store, { ...ended, watermark, replacement: engine.replacement }, () =>
      settle(held, ending, { outcome, seen, watermark }),
    );
    if (seen?.warning != null) onlookers.alerts?.recordsChanged(run.run, seen.warning, outcome);
  });
  if (typeof conclusion === 'object') return conclusion;
  if (conclusion === 'left') await settleShare(parts, ending);
  const deletion = conclusion === 'left' ? null : await deletionOf(parts, outcome);
  await watch.writeState(outcome);
  onlookers.front?.ended(run.run, outcome, endedAtMs);
  onlookers.alerts?.ended(run.run, outcome);
  await compareRows(parts, outcome);
  const result = ingestResult({
    ...{ run: run.run, pass: parts.source.spec.pass, outcome },
    ...{ stats, figures, warnings: warnings.texts, deletion },
    resumedFrom: prepared.resumedFrom,
    startedAtMs: context.lasting?.attemptStartedAtMs ?? performance.timeOrigin,
    nowMs: endedAtMs,
  });
  watch.ended(result, outcome);
  const page = await keepReport(context, database.pool, {
    ...{ run, outcome, result, stats, timeline, endedAtMs },
    figures: figures.at(endedAtMs),
    policy: limits.limiter.policy,
    writerConnections: engine.writer.connections,
  });
  return { result, outcome, page };
}

/** A message names the address that was asked, and some APIs want their token in its path. */
function redacted(outcome: RunOutcome, redact: (text: string) => string): RunOutcome {
  if (outcome.status !== 'failed') return outcome;
  const { fault } = outcome;
  const message = redact(fault.message);
  return message === fault.message ? outcome : { ...outcome, fault: { ...fault, message } };
}

interface Settled extends Pick<SessionEnd, 'outcome'> {
  readonly seen: SeenRecords | null;
  readonly watermark: WatermarkChange | null;
}

/** Saves what was learned, counts once more by the ledger, and warns of what that shows. */
async function settle(
  parts: SessionParts,
  { limits, scheduler, account }: EndingSession,
  { outcome, seen, watermark }: Settled,
): Promise<void> {
  const { store, children, prepared, source } = parts;
  const { run } = prepared.run;
  const { stats, warnings } = account;
  await limits.settle();
  if (prepared.children !== null) await settleChildren(children, run, outcome);
  const totals = await store.loadTotals(run);
  stats.recount(totals.rows);
  const { announcedRecords, isOrdered, totalFall, isTotalPassed } = scheduler;
  const isCounted = countsPlaces(source);
  const isComplete = outcome.status === 'complete';
  const doubts = [
    isComplete ? missingRecords(announcedRecords, isOrdered, totals) : null,
    isComplete && isCounted ? movedRecords(totalFall, totals) : null,
    passedTotal(isTotalPassed),
  ];
  for (const doubt of doubts) warnings.add(doubt);
  if (isComplete && notesSeen(prepared.run)) {
    const told = prepared.run.warnings.find((text) => text === passedTotal(true)) ?? null;
    const unknown = isCounted ? unknownMoves(announcedRecords) : null;
    const missed = [...doubts, told, unknown].find((one) => one !== null) ?? null;
    await noteMissed(parts.database.pool, run, missed);
  }
  warnings.add(changedRecords(totals, source.spec.target.disposition));
  // Where a codec's order does not hold, the log has said so.
  if (source.spec.codec === null) warnings.add(noWatermark(watermark, totals));
  warnings.add(watermarkAhead(watermark, source.spec.incremental, nowMs()));
  warnings.add(seen?.warning ?? null);
  if (warnings.texts.length > 0) await store.setWarnings(run, warnings.texts);
  // Last: a process that dies before has said what changed, and does not know it yet.
  if (seen !== null) await keepRecords(parts, seen);
}

/** Others go on with the run, or have put its end on record. */
async function settleShare(
  { store, prepared }: SessionParts,
  { limits, account }: EndingSession,
): Promise<void> {
  await limits.settle();
  account.stats.recount((await store.loadTotals(prepared.run.run)).rows);
}

/** @returns null: the run has not noted what it has seen, or nobody wants the rest deleted now */
async function deletionOf(
  { context, database, prepared, source, confirm }: SessionParts,
  outcome: RunOutcome,
): Promise<Deletion | null> {
  const { run } = prepared;
  if (outcome.status !== 'complete' || !notesSeen(run)) return null;
  if (!context.config.deleteMissing) {
    const again = commandText(run.source, 'ingest --delete-missing');
    context.log.info(
      { event: 'rows_unjudged' },
      `rows that run ${run.run} has not seen are still there: ${again} deletes them`,
    );
    return null;
  }
  return deleteUnseen(context, database, { run: run.run, target: source.spec.target, confirm });
}

/** Null: it stays as it is. */
async function watermarkAfter({
  store,
  prepared,
  source: { spec, streamKey },
}: SessionParts): Promise<WatermarkChange | null> {
  if (spec.incremental === null) return null;
  const highest = await store.highestOfRun(prepared.run.run);
  return nextWatermark(spec, highest, await store.findWatermark(streamKey));
}

/** Says of all at once which have ended. */
function settleChildren(children: ChildStore, run: number, outcome: RunOutcome): Promise<void> {
  return outcome.status === 'complete' ? children.end(run) : children.setStatus(run, false);
}

/** Whether its pages are asked for by the number of records or pages before them. */
function countsPlaces({ spec }: SessionParts['source']): boolean {
  return spec.codec === null && spec.reading.kind.ordinalOf !== null;
}
