/**
 * Several streams of a source in one process, at the same time: each with a run, a lock and a scheduler of its
 * own, all over the same threads, limits and bytes (process-share.ts).
 *
 * What ends one of them for good ends it alone, unless it concerns all: a key that is refused, a database
 * that cannot be used, a signal, a bug.
 */
import { join, parse } from 'node:path';
import { assert, IngestionError } from '../core/fault.js';
import type { RunOutcome } from '../core/scheduler-types.js';
import type { Run } from '../database/ledger-types.js';
import { reasonOf, statusAfter } from '../observe/run-end.js';
import type { ReportedStream } from '../observe/run-report.js';
import { isOfAll } from './concerns-all.js';
import type { SessionContext } from './context.js';
import { type IngestionEnd, type IngestionOptions, ingestInto } from './ingestion.js';
import { type OpenedProcess, withOpened } from './open-process.js';
import { keepStreams } from './reports/keep-streams.js';
import { type QueuedStream, StreamQueue } from './stream-queue.js';
import { UserError } from './user-error.js';

/** Each holds a connection for its lock and one or two for its writer, of the hundred that a server has. */
const AT_ONCE_MAX = 8;

export type StreamEnd =
  | IngestionEnd
  | { readonly type: 'refused'; readonly error: IngestionError | UserError }
  | { readonly type: 'notBegun'; readonly reason: string; readonly outcome: RunOutcome | null };

export interface StreamsOptions extends Pick<IngestionOptions, 'leave' | 'confirm'> {
  /** Told how each has ended, before anything is closed. */
  readonly tell: (stream: string, end: StreamEnd) => void;
}

/** A stream with a log of its own. */
export interface StreamContext extends QueuedStream {
  readonly context: SessionContext;
}

/**
 * @param context of the process
 * @returns what has ended all of them; null: each has ended by itself
 * @throws IngestionError, UserError where none could begin
 */
export function ingestStreams(
  context: SessionContext,
  streams: readonly StreamContext[],
  options: StreamsOptions,
): Promise<RunOutcome | null> {
  const atOnce = Math.min(AT_ONCE_MAX, streams.length);
  const names = streams.map(({ name }) => name);
  return withOpened(context, names, atOnce, async (opened) => {
    const queue = new StreamQueue(streams, atOnce);
    const { drains } = opened.shared;
    const underWay = new Map<string, Promise<void>>();
    const bugs: unknown[] = [];
    const ends = new Map<string, StreamEnd>();
    const tell = (name: string, end: StreamEnd): void => {
      ends.set(name, end);
      showWithoutRun(opened, name, end);
      options.tell(name, end);
    };
    const begin = async (name: string): Promise<void> => {
      const stream = streams.find((each) => each.name === name);
      assert(stream !== undefined, 'what begins is one of the streams');
      try {
        queue.ended(name, obstacleOf(await ingestOne(stream, opened, { ...options, tell })));
      } catch (bug) {
        bugs.push(bug);
        queue.ended(name, 'failed');
        // All others come to their end before it is told.
        drains.drain({ status: 'interrupted' });
      }
      underWay.delete(name);
    };
    for (;;) {
      const { outcome } = drains;
      for (const step of queue.next(outcome === null ? null : stopText(outcome))) {
        const { stream } = step;
        if (step.type === 'begin') underWay.set(stream, begin(stream));
        else tell(stream, { type: 'notBegun', reason: step.reason, outcome });
      }
      if (underWay.size === 0) break;
      await Promise.race(underWay.values());
    }
    const reported = streams.flatMap(({ name }) => {
      const end = ends.get(name);
      return end === undefined ? [] : [reportedStream(name, end)];
    });
    await keepStreams(context, takenRuns(ends), reported);
    if (bugs.length > 0) throw bugs[0];
    return drains.outcome;
  });
}

async function ingestOne(
  { name, context }: StreamContext,
  opened: OpenedProcess,
  { tell, ...options }: StreamsOptions,
): Promise<StreamEnd> {
  const { drains } = opened.shared;
  try {
    return await ingestInto(withOwnStateFile(context, name), {
      ...{ ...opened, source: opened.source.of(name), ...options },
      tell: (end) => tell(name, end),
    });
  } catch (error) {
    const isExpected = error instanceof IngestionError || error instanceof UserError;
    if (!isExpected) throw error;
    const fault = error instanceof IngestionError ? error.fault : null;
    context.log.error({ event: 'stream_failed', ...(fault && { fault }) }, error.message);
    if (fault !== null && isOfAll(fault)) drains.drain({ status: 'failed', fault });
    const end: StreamEnd = { type: 'refused', error };
    tell(name, end);
    return end;
  }
}

/** The dashboard and the alerts hear of runs alone. */
function showWithoutRun({ onlookers }: OpenedProcess, name: string, end: StreamEnd): void {
  const { front, alerts } = onlookers;
  if (end.type === 'notBegun') front?.endedWithoutRun(name, 'not begun', end.reason);
  if (end.type !== 'refused') return;
  front?.endedWithoutRun(name, 'failed', end.error.message);
  alerts?.refused(name, end.error);
}

function takenRuns(ends: ReadonlyMap<string, StreamEnd>): Run[] {
  return [...ends.values()].flatMap((end) => (end.type === 'ended' ? [end.taken] : []));
}

function reportedStream(stream: string, end: StreamEnd): ReportedStream {
  switch (end.type) {
    case 'ended': {
      const { run, eventsIngested: rows } = end.result;
      return { stream, run, status: statusAfter(end.outcome.status), rows };
    }
    case 'finishedBefore':
      return { stream, run: end.run, status: 'complete', rows: end.eventsIngested };
    case 'refused':
      return { stream, run: null, status: 'failed', rows: 0 };
    case 'notBegun':
      return { stream, run: null, status: 'not begun', rows: 0 };
  }
}

function stopText(outcome: RunOutcome): string | null {
  return outcome.status === 'interrupted' ? 'a signal has ended the process' : reasonOf(outcome);
}

/** As its children are told; null: it is complete. */
function obstacleOf(end: StreamEnd): string | null {
  if (end.type === 'finishedBefore') return null;
  if (end.type === 'refused') return 'failed';
  if (end.type === 'notBegun') return 'is not begun';
  const { status } = end.outcome;
  if (status === 'complete') return null;
  return status === 'failed' ? 'failed' : 'is paused';
}

/** Streams at the same time would write over each other's. */
function withOwnStateFile(context: SessionContext, stream: string): SessionContext {
  const { dir, name, ext } = parse(context.config.stateFile);
  const stateFile = join(dir, `${name}.${stream}${ext}`);
  return { ...context, config: { ...context.config, stateFile } };
}
