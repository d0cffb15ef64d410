/**
 * A server behind one limiter of the catalogue, in a process of its own: `server.js NAME EVENTS`.
 *
 * Its first line is where it listens, as JSON; it ends with its standard input.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { limiterNamed } from './catalogue.js';
import { EVENTS_PATH, listenerFor } from './listeners.js';
import { PageMaker } from './page-maker.js';
import { Tally } from './tally.js';

const STATS_PATH = '/stats';
const KEEP_ALIVE_MS = 60_000;

const [name = '', events = ''] = process.argv.slice(2);
const listener = await listenerFor(limiterNamed(name), new PageMaker(Number(events)));
const tally = new Tally();
const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  const path = request.url ?? '';
  if (path === STATS_PATH) {
    response.end(JSON.stringify(tally.stats()));
    return;
  }
  if (path.startsWith(EVENTS_PATH)) tally.note(response);
  listener(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.resume().once('close', () => process.exit(0));
