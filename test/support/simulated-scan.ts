/** What the scan of a simulated page tells. */
import type { SchedulerEvent } from '../../src/core/scheduler-types.js';
import type { SimulatedApi } from './simulated-api.js';

export function scannedPage(
  api: SimulatedApi,
  taskId: number,
  rows: readonly number[],
): SchedulerEvent {
  const positions = rows.flatMap((row) => api.placeOf(row) ?? []);
  const isDescending = positions.every(
    ({ ms }, index) => ms <= (positions[index - 1]?.ms ?? Number.POSITIVE_INFINITY),
  );
  return {
    ...{ type: 'scanned', taskId, recordCount: rows.length, isDescending },
    firstPosition: positions[0] ?? null,
    lastPosition: positions.at(-1) ?? null,
  };
}
