/**
 * Preloaded into the real program (`--import …/break-process.js?kill=in:head:2`), to break it at an
 * exact moment. Nothing in the program knows of it: it listens to what is published there anyway.
 *
 *   kill=DIRECTION:TYPE:N   SIGKILL at the n-th message of that type that crosses the ingestion loop
 *   fetch=once:MARKER       a fetch worker dies with a page in hand, once (the marker file remembers)
 *   fetch=memory:MARKER     a fetch worker runs out of memory with a page in hand, once
 *   fetch=always            every fetch worker dies with each page that is asked for by a cursor
 *   writer=N                the writer thread dies as it sends its n-th page
 */
import { subscribe } from 'node:diagnostics_channel';
import { existsSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const PAGE_BYTES_MIN = 50_000;

const wishes = new URL(import.meta.url).searchParams;
const script = process.argv[1] ?? '';

const kill = wishes.get('kill');
if (kill !== null && isMainThread) killAt(kill);
const fetchDeath = wishes.get('fetch');
if (fetchDeath !== null && script.includes('piscina')) killFetchWorker(fetchDeath);
const writerDeath = wishes.get('writer');
if (writerDeath !== null && script.includes('writer.worker')) killWriter(Number(writerDeath));

function killAt(moment: string): void {
  const [direction, type, count] = moment.split(':');
  let left = Number(count);
  subscribe('datasync.boundary', (message) => {
    const crossed = message as { direction: string; type: string };
    if (crossed.direction !== direction || crossed.type !== type || --left > 0) return;
    process.kill(process.pid, 'SIGKILL');
  });
}

function killFetchWorker(how: string): void {
  const [manner, ...path] = how.split(':');
  const marker = manner === 'always' ? null : path.join(':');
  subscribe('undici:request:headers', (message) => {
    const { request } = message as { request: { path: string } };
    if (!request.path.includes('cursor=')) return;
    if (marker !== null && existsSync(marker)) return;
    if (marker !== null) writeFileSync(marker, '');
    if (manner === 'memory') fillMemory();
    process.exit(1);
  });
}

function fillMemory(): never {
  const held: number[][] = [];
  for (;;) held.push(new Array<number>(1_000_000).fill(held.length));
}

function killWriter(count: number): void {
  let left = count;
  const write = Socket.prototype.write as (...args: unknown[]) => boolean;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]): boolean {
    const [chunk] = args;
    const isPage = chunk instanceof Uint8Array && chunk.length > PAGE_BYTES_MIN;
    if (isPage && --left <= 0) process.exit(1);
    return write.apply(this, args);
  } as typeof Socket.prototype.write;
}
