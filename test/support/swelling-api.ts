/** An API whose first pages are small and whose others are huge; bodies are streamed, never held. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { datasync } from './datasync.js';
import { type FixtureServer, startFixtureServer } from './fixture-server.js';
import { uuid } from './sample-pages.js';

const WAIT_MS = 2_000;
const NEWEST_MS = 1_769_541_612_000;

export interface Swelling {
  readonly events: number;
  /** Requests whose pages are small. */
  readonly smallPages: number;
  /** So many of the others are answered at once, when all of them wait, or no more have come for a while. */
  readonly together: number;
  /** Bytes of each event in them, about. */
  readonly eventBytes: number;
  /** Announce the length of each body; else it comes in chunks. */
  readonly saysLength: boolean;
}

/** Cursors are positions, so that many chains walk it at once. Nothing limits it. */
export function startSwellingApi(swelling: Swelling): Promise<FixtureServer> {
  let requests = 0;
  const waiting: (() => void)[] = [];
  return startFixtureServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://api.test').searchParams;
    const first = Math.min(indexBehind(query.get('cursor')), swelling.events);
    const end = Math.min(first + Number(query.get('limit')), swelling.events);
    const isSmall = ++requests <= swelling.smallPages;
    const padding = isSmall ? '' : 'x'.repeat(swelling.eventBytes);
    const send = () => void sendPage(response, swelling, { first, end, padding });
    if (isSmall || requests > swelling.smallPages + swelling.together) return send();
    waiting.push(send);
    const sendAll = () => {
      for (const sendNow of waiting.splice(0)) sendNow();
    };
    if (waiting.length === swelling.together) sendAll();
    // How many requests are out at once depends on the machine.
    else setTimeout(sendAll, WAIT_MS).unref();
  });
}

function indexBehind(cursor: string | null): number {
  const position = cursor === null ? null : datasync.paging.placeOf(cursor);
  if (position === null) return 0;
  const index = Math.ceil((NEWEST_MS - position.ms) / 1000);
  // Ids descend among events of one instant, and each instant has one event.
  return index * 1000 === NEWEST_MS - position.ms && uuid(index) >= position.id ? index + 1 : index;
}

async function sendPage(
  response: ServerResponse,
  swelling: Swelling,
  { first, end, padding }: { first: number; end: number; padding: string },
): Promise<void> {
  response.setMaxListeners(0);
  const record = (index: number): string => {
    const time = new Date(NEWEST_MS - index * 1000).toISOString();
    return `{"id":"${uuid(index)}","timestamp":"${time}","data":"${padding}"}`;
  };
  const tail = tailOf(swelling, first, end);
  const bytes = Array.from({ length: end - first }, (_, row) => record(first + row).length + 1);
  const length = '{"data":['.length + bytes.reduce((sum, of) => sum + of, 0) - 1 + tail.length;
  const announced = swelling.saysLength && end > first ? { 'content-length': length } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...announced });
  response.write('{"data":[');
  for (let index = first; index < end; index++) {
    const isTaken = response.write(`${record(index)}${index + 1 < end ? ',' : ''}`);
    if (isTaken) continue;
    await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (response.destroyed) return;
  }
  response.end(tail);
}

function tailOf({ events }: Swelling, first: number, end: number): string {
  const hasMore = end < events;
  const last = { ms: NEWEST_MS - (end - 1) * 1000, id: uuid(end - 1) };
  const nextCursor = hasMore ? (datasync.paging.seek?.(last, Date.now() + 120_000) ?? null) : null;
  const envelope = {
    pagination: { hasMore, nextCursor, cursorExpiresIn: 120 },
    meta: { total: events, returned: end - first },
  };
  return `],${JSON.stringify(envelope).slice(1)}`;
}
