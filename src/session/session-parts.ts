/** All that a session is given, open already: it closes none of it. */
import type { ChildStore } from '../database/child-store.js';
import type { KeptRunLock } from '../database/kept-run-lock.js';
import type { Patience } from '../database/patience.js';
import type { RunStore } from '../database/run-store.js';
import type { AccessToken } from './access-token.js';
import type { SessionContext } from './context.js';
import type { Confirm } from './deletion/unseen-rows.js';
import type { Share } from './members/share.js';
import type { ShareObserver } from './members/share-observer.js';
import type { Onlookers } from './onlookers/open-onlookers.js';
import type { OpenDatabase } from './open-database.js';
import type { OpenSource } from './open-source.js';
import type { PreparedRun } from './prepare-run.js';
import type { ProcessShare } from './process-share.js';

export interface SessionParts {
  readonly context: SessionContext;
  readonly source: OpenSource;
  /** Its access token; null: it has none. */
  readonly token: AccessToken | null;
  readonly database: OpenDatabase;
  /** Waits for a database that is away, with `patience`. */
  readonly store: RunStore;
  /** The same. */
  readonly children: ChildStore;
  readonly patience: Patience;
  readonly lock: KeptRunLock;
  readonly prepared: PreparedRun;
  /** What this process does of the run. */
  readonly share: Share;
  /** Null: nobody looks on. */
  readonly shareObserver: ShareObserver | null;
  readonly onlookers: Onlookers;
  /** What it shares with other streams of the process. */
  readonly shared: ProcessShare;
  /** Asked before rows are deleted. */
  readonly confirm: Confirm;
  /** What is under way is finished, and the rest left to others. @default never */
  readonly handBack?: AbortSignal;
  /** Ends the process at once, with the reason. */
  readonly leave: (why: string) => never;
}
