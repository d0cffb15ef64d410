/** The run that simulated members share: its status, and what is known of its source. */
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import type { SimulatedApi } from './simulated-api.js';
import type { ClusterWatch } from './simulated-cluster-watch.js';
import type { SimulatedLedger } from './simulated-ledger.js';
import { gapsOf } from './simulated-outcome.js';
import type { SimulatedSeeds } from './simulated-seeds.js';
import type { SimulatedSegments } from './simulated-segments.js';

export interface SharedRunParts {
  readonly segments: SimulatedSegments;
  readonly ledger: SimulatedLedger;
  readonly api: SimulatedApi;
  readonly seeds: SimulatedSeeds;
  readonly watch: ClusterWatch;
}

export class SharedRun {
  readonly #parts: SharedRunParts;
  status: 'none' | 'running' | RunOutcome['status'] = 'none';
  /** As it was last put on record. */
  outcome: RunOutcome | null = null;
  /** How many records there are, as answers tell; null: they do not. */
  total: number | null = null;
  recordedComplete = 0;

  constructor(parts: SharedRunParts) {
    this.#parts = parts;
  }

  /** A process begins: what it is told first tells of the limit. */
  greet(): void {
    this.#parts.api.greet();
  }

  sourceSeen(total: number | null): number | null {
    this.total = total ?? this.total;
    return total;
  }

  takeUp(): void {
    this.status = 'running';
  }

  /** Ends segments whose pages say so, and opens again those that have no such page. */
  takeUpChildren(): void {
    const { segments, seeds, ledger } = this.#parts;
    this.status = 'running';
    const pages = ledger.pagesBySegment();
    for (const { segment } of seeds.children ?? []) {
      const child = segments.segments.get(segment);
      const own = [...(pages.get(segment) ?? [])].sort((a, b) => a.page - b.page);
      const isUnbroken = own.every(({ page }, index) => page === (own[0]?.page ?? 0) + index);
      const isWhole =
        isUnbroken && own.at(-1)?.hasMore === false && own[0]?.cursor?.endsWith(',"at":null}');
      if (child !== undefined) child.status = isWhole === true ? 'ended' : 'open';
    }
  }

  record(outcome: RunOutcome): void {
    const { ledger, api, seeds, watch } = this.#parts;
    if (outcome.status === 'complete') {
      this.recordedComplete++;
      if (gapsOf(ledger, api, { seeds, within: null }) > 0) watch.recordedTooSoon();
    }
    this.status = outcome.status;
    this.outcome = outcome;
  }
}
