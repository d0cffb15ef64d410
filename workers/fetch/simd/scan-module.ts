/** The WebAssembly module that the .wat files beside this one are assembled to. */
import { readFileSync } from 'node:fs';
import { civilToEpochMs } from '../../../src/source/timestamp.js';

/** What the module exports; the .wat files say what each does. */
export interface ScanModule {
  readonly memory: WebAssembly.Memory;
  readonly records: WebAssembly.Global;
  readonly recordsStart: WebAssembly.Global;
  readonly masks: WebAssembly.Global;
  readonly columns: WebAssembly.Global;
  readonly capacity: WebAssembly.Global;
  readonly rowCount: WebAssembly.Global;
  readonly idLength: WebAssembly.Global;
  readonly timestampLength: WebAssembly.Global;
  findStructure(end: number): number;
  walkRecords(at: number): number;
}

/** Compiles the module, in half a millisecond. Null where this machine has no vectors of 128 bits. */
export function loadScanModule(): ScanModule | null {
  const bytes = readFileSync(new URL('page-scan.wasm', import.meta.url));
  const calendar = {
    dayStart: (year: number, month: number, day: number) =>
      civilToEpochMs({ year, month, day, hour: 0, minute: 0, second: 0, ms: 0 }),
  };
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { calendar });
    return exports as unknown as ScanModule;
  } catch {
    return null;
  }
}
