/** Copies the items, prints how far it is, and pauses on Ctrl-C. */
import { fileURLToPath } from 'node:url';
import { ingest } from './ingest.mjs';

const source = fileURLToPath(new URL('items.yaml', import.meta.url));
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const result = await ingest(['--source', source], {
  signal: stop.signal,
  onEvent({ event, level, message, eventsIngested }) {
    if (event === 'run_progressed') console.log(`${eventsIngested} rows so far`);
    else if (level === 'warn' || level === 'error') console.warn(message);
  },
});
console.log(`${result.status}: run ${result.run}, ${result.inserted} rows written`);
process.exitCode = Number(result.exitCode);
