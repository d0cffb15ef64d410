/** What every scenario gets, and what it gives back. */
import type { BenchDatabase } from './database.js';
import type { BenchOptions, ScenarioName } from './options.js';
import type { BenchProgress } from './progress.js';
import type { Plot } from './report/svg.js';
import type { Table } from './report/table.js';
import type { Summary } from './statistics.js';

export interface Bench {
  readonly options: BenchOptions;
  readonly progress: BenchProgress;
  /** For files of this bench alone; removed at its end. */
  readonly workFolder: string;
  /** Opened when it is first asked for. */
  database(): Promise<BenchDatabase>;
}

/** One scenario's results. */
export interface Section {
  readonly name: ScenarioName;
  readonly title: string;
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** By a name that is the same in every bench: what a later one is compared with. */
  readonly figures: Readonly<Record<string, Summary>>;
  /** Every single measurement, for the results file. */
  readonly measurements: readonly unknown[];
}
