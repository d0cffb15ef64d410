/** The runs of a simulated stream, one after the other: what each reads, and the watermark between them. */
import type { Stretch } from '../../src/core/resume.js';
import type { HighestOfRun, Watermark } from '../../src/database/watermarks.js';
import { chooseRun } from '../../src/session/choose-pass.js';
import { nextWatermark } from '../../src/session/next-watermark.js';
import type { SourceCodec } from '../../src/source/codec.js';
import { FULL_PASS, type Pass, passOf } from '../../src/source/pass.js';
import type { IncrementalPlan } from '../../src/source/plan.js';
import { stretchOfPass } from '../../src/source/stretch.js';

const INCREMENTAL: IncrementalPlan = {
  ...{ cursorPath: 'timestamp', type: null, format: null, startParam: null, endParam: null },
  ...{ initialValue: null, endValue: null, lag: { units: 0 }, isNewestFirst: true },
};

interface KnownRun {
  readonly run: number;
  status: 'running' | 'complete';
  readonly settings: { readonly pass: Pass };
}

export class SimulatedRuns {
  readonly #runs: KnownRun[] = [];
  #watermark: Watermark | null = null;

  /** @returns whether the process begins a run */
  start(): boolean {
    const asked = { type: 'next' } as const;
    const wanted = { asked, runsAgain: false };
    const latest = this.#runs.at(-1) ?? null;
    const choice = chooseRun({
      ...{ ...wanted, latest, incremental: INCREMENTAL, watermark: this.#watermark },
    });
    if (choice.type === 'goOn') return false;
    if (choice.type !== 'begin') throw new Error(`a start ends with ${choice.type}`);
    const run = this.#runs.length + 1;
    this.#runs.push({ run, status: 'running', settings: { pass: choice.pass } });
    return true;
  }

  get completed(): number {
    return this.#runs.filter(({ status }) => status === 'complete').length;
  }

  /** Before the latest, and not complete: each start is to go on with those. */
  get left(): number {
    return this.#runs.slice(0, -1).filter(({ status }) => status === 'running').length;
  }

  /** Of the latest run. */
  get pass(): Pass {
    return passOf(this.#runs.at(-1)?.settings ?? { pass: FULL_PASS });
  }

  get within(): Stretch | null {
    return stretchOfPass(INCREMENTAL, this.pass);
  }

  /** In one transaction, as the ledger has it. @param highest of the pages of the run */
  complete(highest: HighestOfRun): void {
    const latest = this.#runs.at(-1);
    if (latest === undefined) throw new Error('a run has begun');
    // Whatever its records are read by, they have places.
    const source = { incremental: INCREMENTAL, pass: this.pass, codec: {} as SourceCodec };
    const change = nextWatermark(source, highest, this.#watermark);
    latest.status = 'complete';
    this.#watermark = change?.value == null ? null : { ...change, value: change.value };
  }
}
