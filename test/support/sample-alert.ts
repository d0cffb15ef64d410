/** An alert, as docs/alerts.md shows it. */
import type { Alert } from '../../src/observe/alerts/alert.js';

export function sampleAlert(changes: Partial<Alert> = {}): Alert {
  return {
    action: 'trigger',
    kind: 'stalled',
    isOfStart: false,
    run: 12,
    source: 'datasync',
    origin: 'https://api.example.com/api/v1',
    state: 'running',
    rows: 1_200_000,
    total: 3_000_000,
    rowsPerSecond: 830.4,
    remainingMs: null,
    reason:
      'no record committed in 10 min 00 s, while the limit let requests start; the API: HTTP 503 <html>',
    resumeAtMs: null,
    next: 'Look at the API, and for other clients on the key. The run goes on by itself',
    atMs: Date.UTC(2026, 0, 27, 19, 20, 12),
    dedupKey: 'datasync/3f9c01d2ab54/run-12/stalled',
    ...changes,
  };
}
