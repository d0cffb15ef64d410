/** What the ingestion loop tells those who watch it. Observers never decide and never throw. */
import type { Fault } from '../core/fault.js';
import type { Notice, SchedulerCommand } from '../core/scheduler-types.js';
import type { PageHead, PageResult, ResponseMeta } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';

export interface RunObserver {
  fetchStarted(command: Extract<SchedulerCommand, { type: 'fetch' }>): void;
  headSeen(head: PageHead): void;
  scanned(result: Extract<PageResult, { type: 'page' }>): void;
  fetchFailed(fault: Fault, meta: ResponseMeta | null): void;
  committed(
    command: Extract<SchedulerCommand, { type: 'write' }>,
    result: Extract<WriteResult, { type: 'committed' }>,
  ): void;
  writeFailed(fault: Fault): void;
  noticed(notice: Notice): void;
}
