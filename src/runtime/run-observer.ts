/** What the ingestion loop tells those who watch it. Observers never decide and never throw. */
import type { Fault } from '../core/fault.js';
import type { Notice, SchedulerCommand } from '../core/scheduler-types.js';
import type { PageHead, PageResult, ResponseMeta } from '../protocol/fetch-messages.js';
import type { WriteResult } from '../protocol/writer-messages.js';

export type FetchCommand = Extract<SchedulerCommand, { type: 'fetch' }>;
export type WriteCommand = Extract<SchedulerCommand, { type: 'write' }>;

export interface RunObserver {
  fetchStarted(command: FetchCommand): void;
  headSeen(head: PageHead): void;
  scanned(result: Extract<PageResult, { type: 'page' }>): void;
  /** @param meta null: no answer came */
  fetchFailed(command: FetchCommand, fault: Fault, meta: ResponseMeta | null): void;
  committed(command: WriteCommand, result: Extract<WriteResult, { type: 'committed' }>): void;
  writeFailed(command: WriteCommand, fault: Fault): void;
  noticed(notice: Notice): void;
}
