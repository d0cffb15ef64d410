import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BodyBuffer } from '../../workers/fetch/body-buffer.js';
import { ENDLESS_ROOM } from '../../workers/fetch/receive-budget.js';
import { type Received, ResponseReceiver } from '../../workers/fetch/response-receiver.js';
import { BYTES_MAX, cut, play, TERMS, TestController } from '../support/played-answer.js';
import { samplePage } from '../support/sample-pages.js';

const places = fc.array(fc.nat(), { maxLength: 6 });
const text = samplePage(3);

describe('a body in chunks', () => {
  test('is the same however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(places, fc.boolean(), async (at, isReused) => {
        const chunks = cut(Buffer.from(text), at);
        const played = await play(isReused ? { chunks, reused: new ArrayBuffer(10) } : { chunks });
        expect(played.received.type).toBe('whole');
        expect(played.body.bytes.toString()).toBe(text);
      }),
    );
  });

  test('is decoded from gzip however it is cut', async () => {
    const headers = { 'content-encoding': 'gzip' };
    await fc.assert(
      fc.asyncProperty(places, async (at) => {
        const { received, body } = await play({ headers, chunks: cut(gzipSync(text), at) });
        expect(received.type).toBe('whole');
        expect(body.bytes.toString()).toBe(text);
      }),
    );
  });

  test('is decoded from brotli though it was not asked for', async () => {
    const headers = { 'content-encoding': 'br' };
    const { body } = await play({ headers, chunks: [brotliCompressSync(text)] });
    expect(body.bytes.toString()).toBe(text);
  });

  test('fills the buffer that was given back when it is large enough', async () => {
    const reused = new ArrayBuffer(50_000);
    const { body } = await play({ chunks: cut(Buffer.from(text), [7]), reused });
    expect(body.buffer).toBe(reused);
  });

  test('is not shown with what an earlier, longer page left in the buffer', async () => {
    const reused = new ArrayBuffer(50_000);
    new Uint8Array(reused).fill(0x78);
    const { body, received } = await play({ chunks: [Buffer.from('{}')], reused });
    expect(body.bytes.toString()).toBe('{}');
    expect(received.meta?.bodyBytes).toBe(2);
  });

  test('is cut short anywhere in gzip: a fault', async () => {
    const packed = gzipSync(text);
    const headers = { 'content-encoding': 'gzip' };
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: packed.length - 1 }), async (length) => {
        const { received } = await play({ headers, chunks: [packed.subarray(0, length)] });
        expect(received.type === 'failed' || received.meta?.bodyBytes === 0).toBe(true);
      }),
    );
  });
});

describe('a body that is too large', () => {
  const tooLarge = {
    type: 'failed',
    fault: {
      ...{ code: 'BODY_TOO_LARGE', retryable: true },
      remedy: expect.stringContaining('BODY_BYTES_MAX'),
    },
  };

  test('is refused by its announced length, before a byte of it', async () => {
    const headers = { 'content-length': String(BYTES_MAX + 1) };
    const { received, body, controller } = await play({ headers, chunks: [] });
    expect(received).toMatchObject(tooLarge);
    expect(controller.aborted).toBe(true);
    expect(body.buffer).toBeNull();
  });

  test('is refused where it passes the bound', async () => {
    const chunks = Array.from({ length: 30 }, () => new Uint8Array(10_000));
    const { received, body } = await play({ chunks });
    expect(received).toMatchObject(tooLarge);
    expect(body.byteCount).toBe(BYTES_MAX);
  });

  test('is refused though it was packed small', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const bomb = gzipSync(Buffer.alloc(50_000_000, 'a'));
    expect(bomb.length).toBeLessThan(BYTES_MAX);
    const { received, body } = await play({ headers, chunks: [bomb] });
    expect(received).toMatchObject(tooLarge);
    expect(body.byteCount).toBeLessThanOrEqual(BYTES_MAX);
  });
});

describe('a refused request', () => {
  test('gives its text for the error code in it', async () => {
    const { received } = await play({ status: 400, chunks: [Buffer.from('{"code":"X"}')] });
    expect(received).toMatchObject({ type: 'refused', errorText: '{"code":"X"}' });
  });

  test('is read for 64 KB and no more', async () => {
    const chunks = Array.from({ length: 9 }, () => new Uint8Array(8192).fill(0x61));
    const { received, controller } = await play({ status: 502, chunks });
    expect(received.type === 'refused' && received.errorText.length).toBe(65_536);
    expect(controller.aborted).toBe(true);
  });

  test('stays refused when its body is cut off', async () => {
    const error = Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' });
    const { received } = await play({ status: 429, chunks: [Buffer.from('{"co')], error });
    expect(received).toMatchObject({ type: 'refused', errorText: '{"co', meta: { status: 429 } });
  });
});

describe('an answer that takes its time', () => {
  const JSON_200 = { 'content-type': 'application/json' };

  /** A receiver whose clock a test sets, from its request on. */
  function receive() {
    const controller = new TestController();
    const clock = { nowMs: 0 };
    const terms = { ...TERMS, now: () => clock.nowMs };
    let received: Received | null = null;
    const body = new BodyBuffer(null, BYTES_MAX);
    const receiver = new ResponseReceiver({ body, room: ENDLESS_ROOM }, terms, (end) => {
      received = end;
    });
    receiver.onRequestStart(controller);
    return { controller, clock, receiver, received: () => received as Received | null };
  }

  test.each([
    [1, 9_000],
    [100, 1_000],
    [1_500, 2_000],
  ])('by %d bytes every %d ms ends after its total deadline', (bytes, everyMs) => {
    const { controller, clock, receiver, received } = receive();
    receiver.onResponseStart(controller, 200, JSON_200);
    while (received() === null && clock.nowMs < 200_000) {
      clock.nowMs += everyMs;
      receiver.onResponseData(controller, Buffer.alloc(bytes));
    }
    expect(received()).toMatchObject({ fault: { code: 'TIMEOUT', retryable: true } });
    expect(clock.nowMs).toBeGreaterThan(6 * TERMS.idleDeadlineMs);
    expect(controller.aborted).toBe(true);
  });

  test('but not as long as it comes faster than it must', () => {
    const { controller, clock, receiver, received } = receive();
    receiver.onResponseStart(controller, 200, JSON_200);
    for (let part = 0; part < 10; part++) {
      clock.nowMs += 7_000;
      receiver.onResponseData(controller, Buffer.alloc(9_000));
    }
    receiver.onResponseEnd();
    expect(received()).toMatchObject({ type: 'whole' });
  });

  test('a packed body is measured by what comes over the wire', () => {
    const { controller, clock, receiver, received } = receive();
    receiver.onResponseStart(controller, 200, { ...JSON_200, 'content-encoding': 'gzip' });
    receiver.onResponseData(controller, gzipSync(Buffer.alloc(90_000)));
    clock.nowMs += 6 * TERMS.idleDeadlineMs + 1_000;
    receiver.onResponseData(controller, Buffer.alloc(1));
    expect(received()).toMatchObject({ fault: { code: 'TIMEOUT' } });
  });

  test('by the body of a refusal stays a refusal', () => {
    const { controller, clock, receiver, received } = receive();
    receiver.onResponseStart(controller, 503, {});
    clock.nowMs += 6 * TERMS.idleDeadlineMs + 1_000;
    receiver.onResponseData(controller, Buffer.alloc(1));
    expect(received()).toMatchObject({ type: 'refused', meta: { status: 503 } });
  });

  test.each([102, 103, 199])('by %d again and again ends at the deadline of the head', (status) => {
    const { controller, clock, receiver, received } = receive();
    while (received() === null && clock.nowMs < 100_000) {
      clock.nowMs += 1_000;
      receiver.onResponseStart(controller, status, {});
    }
    expect(clock.nowMs).toBe(TERMS.headDeadlineMs + 1_000);
    expect(received()).toMatchObject({ type: 'failed', meta: null, fault: { code: 'TIMEOUT' } });
    expect(controller.aborted).toBe(true);
  });
});

describe('an interim answer', () => {
  test('is passed over', async () => {
    const controller = new TestController();
    const body = new BodyBuffer(null, BYTES_MAX);
    const received = await new Promise<Received>((resolve) => {
      const receiver = new ResponseReceiver(
        { body, room: ENDLESS_ROOM },
        { ...TERMS, now: () => 1 },
        resolve,
      );
      receiver.onRequestStart(controller);
      receiver.onResponseStart(controller, 103, {});
      receiver.onResponseStart(controller, 200, {});
      receiver.onResponseData(controller, Buffer.from(text));
      receiver.onResponseEnd();
    });
    expect(received).toMatchObject({ type: 'whole', meta: { status: 200 } });
  });
});
