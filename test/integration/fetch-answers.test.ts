/** Answers that no honest server gives, byte by byte: none of them may cost the worker. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { batchOf, useFetchRig } from '../support/fetch-rig.js';
import { samplePage } from '../support/sample-pages.js';

const { startRawRig } = useFetchRig();
const page = samplePage(3);

/** An answer with these header lines, and its body in one chunk. */
function answer(lines: readonly string[], body: string | Buffer = page): Buffer {
  const bytes = Buffer.from(body);
  const head = ['HTTP/1.1 200 OK', ...lines, 'transfer-encoding: chunked', '', ''].join('\r\n');
  const size = `${bytes.length.toString(16)}\r\n`;
  return Buffer.concat([Buffer.from(head + size), bytes, Buffer.from('\r\n0\r\n\r\n')]);
}

describe('a header that comes twice', () => {
  const json = 'content-type: application/json';
  test.each([
    ['Content-Type', [json, json], page],
    ['Content-Type of two kinds', ['content-type: text/html', json], page],
    ['Content-Encoding', [json, ...twice('content-encoding: gzip')], gzipSync(gzipSync(page))],
    ['Date', [json, ...twice('date: Tue, 27 Jan 2026 19:20:12 GMT')], page],
    ['Retry-After', [json, 'retry-after: 1', 'retry-after: x'], page],
    ['X-RateLimit-Remaining', [json, 'x-ratelimit-remaining: 5', 'x-ratelimit-remaining: 6'], page],
    ['X-Request-Id', [json, ...twice('x-request-id: a')], page],
    ['Connection', [json, ...twice('connection: keep-alive')], page],
    ['Keep-Alive', [json, ...twice('keep-alive: timeout=5')], page],
    ['Set-Cookie', [json, ...twice('set-cookie: a=b')], page],
    ['Location', [json, ...twice('location: /')], page],
  ])('%s costs nothing', async (_name, lines, body) => {
    const rig = await startRawRig((socket) => socket.write(answer(lines, body)));
    expect((await batchOf(rig.fetch())).rowCount).toBe(3);
  });

  test('Content-Length is a fault of the answer, and the worker lives', async () => {
    const length = `content-length: ${Buffer.byteLength(page)}`;
    const head = ['HTTP/1.1 200 OK', json, length, length, '', page].join('\r\n');
    const rig = await startRawRig((socket) => socket.write(head));
    expect(await rig.fetch()).toMatchObject({
      fault: {
        code: 'NETWORK',
        retryable: true,
        message: expect.stringContaining('Content-Length'),
      },
    });
  });
});

describe('an answer without end', () => {
  test('of interim heads ends at the deadline of the head', async () => {
    const rig = await startRawRig(
      (socket) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      },
      { headDeadlineMs: 1_000 },
    );
    expect(await rig.fetch()).toMatchObject({
      fault: { code: 'TIMEOUT', message: expect.stringContaining('interim') },
    });
  });

  test('that drips its body ends though it never stalls', async () => {
    const rig = await startRawRig(
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n');
        const timer = setInterval(() => socket.write(' '), 20);
        socket.on('close', () => clearInterval(timer));
      },
      { idleDeadlineMs: 200 },
    );
    expect(await rig.fetch()).toMatchObject({
      fault: { code: 'TIMEOUT', message: expect.stringMatching(/drips: \d+ bytes/) },
      meta: { status: 200 },
    });
  });
});

function twice(line: string): string[] {
  return [line, line];
}
