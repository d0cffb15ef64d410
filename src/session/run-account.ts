/**
 * The account that a session gives of its run while it works: what is counted, and what log, progress
 * line, state file and report's timeline make of it.
 */
import type { Scheduler } from '../core/scheduler.js';
import { RunFigures } from '../observe/run-figures.js';
import { RunTimeline } from '../observe/run-report-timeline.js';
import { RunStats } from '../observe/run-stats.js';
import { nowMs } from '../runtime/clock.js';
import type { RunJournal } from '../runtime/run-journal.js';
import type { SessionLimits } from './open-limits.js';
import { replacementOf } from './replacement.js';
import { RunWarnings, recordsStoredAgain } from './run-warnings.js';
import { RunWatch } from './run-watch.js';
import type { SessionParts } from './session-parts.js';

export interface Deciding {
  readonly limits: SessionLimits;
  readonly scheduler: Scheduler;
}

type AccountParts = Pick<SessionParts, 'context' | 'prepared' | 'source' | 'shared'>;

export class RunAccount {
  readonly stats: RunStats;
  readonly figures: RunFigures;
  readonly watch: RunWatch;
  readonly timeline: RunTimeline;
  readonly warnings: RunWarnings;

  constructor(
    { context, prepared, source, shared }: AccountParts,
    { limits, scheduler }: Deciding,
    journal: Pick<RunJournal, 'sourceSeen' | 'lastErrorSeen'>,
  ) {
    const { limiter, utilisation, sharers } = limits;
    const { totals: earlier, plan, children } = prepared;
    const stats = new RunStats({ earlier, walksAgain: plan.restarts, children, utilisation });
    const figures = new RunFigures({ stats, limiter, scheduler, sharers });
    this.stats = stats;
    this.figures = figures;
    this.watch = new RunWatch({
      ...{ context, stats, figures, limiter, scheduler, prepared },
      joined: shared.joinedProgress,
      onSource: (facts) => journal.sourceSeen(facts),
      onLastError: (text) => journal.lastErrorSeen(text),
    });
    this.timeline = new RunTimeline({ stats, figures, scheduler, nowMs });
    this.warnings = new RunWarnings(context.log, prepared.run.warnings);
    this.warnings.add(prepared.children?.warning ?? null);
    if (replacementOf(source.spec.target) === null) {
      this.warnings.add(recordsStoredAgain(prepared.earlierRun, prepared.run));
    }
  }

  start(): void {
    this.watch.start();
    this.timeline.start();
  }

  /** Nothing is shown any more; may be called again. */
  stop(): void {
    this.watch.stop();
    this.timeline.stop();
  }
}
