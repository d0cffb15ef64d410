/** What the share of a simulated member is made of, and who looks on at it. */
import type { TakingParts } from '../../src/core/claimed-segments.js';
import type { Fault } from '../../src/core/fault.js';
import type { MemberLoad } from '../../src/core/help.js';
import type { ClusterWatch } from './simulated-cluster-watch.js';
import type { SimulatedDatabase } from './simulated-database.js';
import type { SimulatedLedger } from './simulated-ledger.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { SimulatedQueue } from './simulated-queue.js';
import type { JoinedRun, SimulatedSegments } from './simulated-segments.js';

export interface ShareParts {
  readonly machine: SimulatedMachine;
  readonly database: SimulatedDatabase;
  readonly segments: SimulatedSegments;
  readonly ledger: SimulatedLedger;
  readonly queue: SimulatedQueue;
  readonly watch: ClusterWatch;
  readonly joined: JoinedRun;
  readonly taking: TakingParts;
  readonly leaseMs: number;
  readonly view: {
    state(): Pick<MemberLoad, 'phase' | 'shareable'>;
    help(): void;
    takeLeftBehind(): void;
    fail(fault: Fault): void;
  };
}
