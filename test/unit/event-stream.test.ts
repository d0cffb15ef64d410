/** Pages that look on cost the run nothing: none, one that is slow, too many. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { EventStream } from '../../src/observe/event-stream.js';

const PADDING = 'x'.repeat(8_000);
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

/** A stream behind a real socket, and a count of the snapshots made for it. */
interface Served {
  readonly stream: EventStream;
  readonly made: () => number;
  readonly url: string;
  readonly complaints: unknown[];
}

async function serve(snapshot?: () => object): Promise<Served> {
  let count = 0;
  const complaints: unknown[] = [];
  const stream = new EventStream({
    snapshot: snapshot ?? (() => ({ count: ++count, padding: PADDING })),
    history: () => ({ version: 1, columns: {} }),
    complain: (error) => complaints.push(error),
  });
  server = createServer((_, response) => stream.add(response));
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return { stream, made: () => count, url: `http://127.0.0.1:${port}/`, complaints };
}

function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, resolve).on('error', reject));
}

/** The stream's text until it matches. */
async function read(response: IncomingMessage, until: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (until.test(text)) return text;
  }
  return text;
}

test('without a listener no snapshot is made', async () => {
  const { stream, made } = await serve();
  for (let second = 0; second < 100; second++) stream.publish();
  expect(made()).toBe(0);
});

test('a page gets the history and a snapshot at once, and a goodbye at the end', async () => {
  const { stream, url } = await serve();
  const response = await open(url);
  expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
  stream.close();
  const text = await read(response, /event: bye/);
  expect(text).toMatch(
    /^retry: \d+\n\nevent: history\ndata: \{.*\}\n\nevent: snapshot\ndata: \{"c/,
  );
  expect(text).toMatch(/event: bye\ndata: \{\}\n\n$/);
  expect(stream.listenerCount).toBe(0);
});

test('what a page does not read is not kept for it', async () => {
  const { stream, made, url } = await serve();
  const slow = await open(url);
  slow.pause();
  const before = made();
  for (let second = 0; second < 5_000; second++) {
    stream.publish();
    if (second % 100 === 0) await new Promise(setImmediate);
  }
  // The socket's buffers take some megabytes; after that nothing is made for a page that does not read.
  expect(made() - before).toBeLessThan(2_500);
  const reached = made();
  stream.publish();
  expect(made()).toBe(reached);
  slow.resume();
  const newest = new RegExp(`"count":${reached + 1},`);
  const seen = read(slow, newest);
  while (made() === reached) {
    stream.publish();
    await new Promise(setImmediate);
  }
  expect(await seen).toMatch(newest);
});

test('those that read nothing lock nobody out, and a page that reads keeps its place', async () => {
  const { stream, url, made } = await serve();
  const reading = await open(url);
  let isDisplaced = false;
  reading.on('data', (chunk: Buffer) => {
    isDisplaced ||= chunk.includes('event: displaced');
  });
  for (let page = 0; page < 15; page++) (await open(url)).pause();
  // Until the kernel takes no more, and what is not read is seen.
  for (let times = 0; times < 3_000; times++) {
    stream.publish();
    if (times % 5 === 0) await new Promise(setImmediate);
  }
  expect(made()).toBeGreaterThan(16);
  for (let page = 0; page < 15; page++) {
    expect((await open(url)).statusCode).toBe(200);
    expect(stream.listenerCount).toBe(16);
  }
  const ended = once(reading, 'end');
  stream.close();
  await ended;
  expect(isDisplaced).toBe(false);
});

test('where all read, the oldest gives its place up, and is told not to come back', async () => {
  const { stream, url } = await serve();
  const pages = [await open(url)];
  for (let page = 1; page < 16; page++) pages.push(await open(url));
  for (const page of pages.slice(1)) page.resume();
  const newest = await open(url);
  expect(newest.statusCode).toBe(200);
  expect(stream.listenerCount).toBe(16);
  const [oldest] = pages;
  expect(oldest && (await read(oldest, /event: displaced\n/))).toMatch(/event: displaced\n/);
  const closed = read(newest, /event: bye/);
  stream.close();
  expect(await closed).not.toContain('event: displaced');
});

test('a snapshot that cannot be made is told of and stops nothing', async () => {
  const fault = new Error('a bug');
  const { stream, url, complaints } = await serve(() => {
    throw fault;
  });
  const response = await open(url);
  stream.publish();
  expect(complaints).toEqual([fault, fault]);
  stream.close();
  expect(await read(response, /event: bye/)).toContain('event: bye');
});
