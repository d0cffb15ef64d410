/**
 * The truth: which rows a client must end up with. Tests and benches compare tables with it.
 *
 * Rows that are hostile beyond storing are not among them; rows whose timestamp is missing are,
 * without an instant.
 */
import { Dataset, type DatasetSettings } from './dataset.js';
import { drained } from './http.js';
import type { Exchange, Simulator } from './simulator.js';

const ROWS_PER_CHUNK = 10_000;

/** All rows that belong in the table, newest first, as columns. */
export interface ExpectedRows {
  readonly rowCount: number;
  /** 16 bytes a row. */
  readonly ids: Uint8Array;
  /** NaN: the row has no timestamp. */
  readonly occurredAtMs: Float64Array;
  /** Events that belong in quarantine. */
  readonly quarantinedCount: number;
}

/** Computes the truth without asking a server. */
export function expectedRows(settings: DatasetSettings): ExpectedRows {
  const dataset = new Dataset(settings);
  const ids = new Uint8Array(settings.events * 16);
  const occurredAtMs = new Float64Array(settings.events);
  let rowCount = 0;
  for (let place = 0; place < settings.events; place++) {
    const fate = dataset.hostile.fateOf(dataset.events.entityAt(place));
    if (fate === 'quarantined') continue;
    dataset.events.writeId(ids, rowCount, place);
    occurredAtMs[rowCount] = fate === 'stored' ? dataset.events.msAt(place) : Number.NaN;
    rowCount++;
  }
  return {
    rowCount,
    ids: ids.subarray(0, rowCount * 16),
    occurredAtMs: occurredAtMs.subarray(0, rowCount),
    quarantinedCount: settings.events - rowCount,
  };
}

/** Streams the truth as text: `id<tab>epoch ms` a line, the ms empty where there is no timestamp. */
export async function answerTruth(simulator: Simulator, exchange: Exchange): Promise<void> {
  const { events, hostile } = simulator.dataset;
  const { response } = exchange;
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  for (let start = 0; start < events.count; start += ROWS_PER_CHUNK) {
    let text = '';
    for (let place = start; place < Math.min(start + ROWS_PER_CHUNK, events.count); place++) {
      const fate = hostile.fateOf(events.entityAt(place));
      if (fate === 'quarantined') continue;
      text += `${events.idAt(place)}\t${fate === 'stored' ? events.msAt(place) : ''}\n`;
    }
    if (!response.write(text)) await drained(response);
    if (response.destroyed || response.closed) return;
  }
  response.end();
  simulator.stats.answered(exchange.endpoint, 200, 0);
}
