import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BYTES_MAX, cut, play } from '../support/played-answer.js';
import { samplePage } from '../support/sample-pages.js';

const { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } = zlib;
const text = samplePage(3);
const bytes = Buffer.from(text);
const hasZstd = 'createZstdDecompress' in zlib;

describe('a body', () => {
  test.each<[string | string[], Buffer]>([
    ['gzip', gzipSync(bytes)],
    ['x-gzip', gzipSync(bytes)],
    ['br', brotliCompressSync(bytes)],
    ['deflate', deflateSync(bytes)],
    ['deflate', deflateRawSync(bytes)],
    ['GZip', gzipSync(bytes)],
    ['identity, gzip', gzipSync(bytes)],
    ['gzip, identity', gzipSync(bytes)],
    [['gzip', 'identity'], gzipSync(bytes)],
    ['gzip, gzip', gzipSync(gzipSync(bytes))],
    [['gzip', 'gzip'], gzipSync(gzipSync(bytes))],
    ['deflate, gzip, br', brotliCompressSync(gzipSync(deflateSync(bytes)))],
    ['none', bytes],
    ['', bytes],
    [['identity', 'identity'], bytes],
  ])('in %j is decoded however it is cut', async (encoding, packed) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (at) => {
        const headers = { 'content-encoding': encoding };
        const { received, body } = await play({ headers, chunks: cut(packed, at) });
        expect(received).toMatchObject({ type: 'whole' });
        expect(body.bytes.toString()).toBe(text);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    'compress',
    'aws-chunked, gzip',
    'toString',
    '__proto__',
    ...(hasZstd ? [] : ['zstd']),
  ])('in %s is refused by its name, and not asked for again', async (encoding) => {
    const headers = { 'content-encoding': encoding };
    const { received, controller } = await play({ headers, chunks: [bytes] });
    expect(received).toMatchObject({
      type: 'failed',
      fault: { code: 'CONTRACT', retryable: false, remedy: expect.stringContaining('gzip') },
    });
    const name = encoding.split(',')[0] as string;
    const said = /^[a-z][a-z0-9-]*$/.test(name.toLowerCase()) ? name.toLowerCase() : 'proper name';
    expect(received.type === 'failed' && received.fault.message).toContain(said);
    expect(controller.aborted).toBe(true);
  });

  test('in an encoding whose name looks like a secret is refused without it', async () => {
    const headers = { 'content-encoding': 'Secret_Key_12345678901' };
    const { received } = await play({ headers, chunks: [bytes] });
    expect(received).toMatchObject({ fault: { retryable: false } });
    expect(JSON.stringify(received).toLowerCase()).not.toContain('secret');
  });

  test('in more encodings than anybody means is refused', async () => {
    const headers = { 'content-encoding': Array<string>(5).fill('gzip') };
    const { received } = await play({ headers, chunks: [bytes] });
    expect(received).toMatchObject({ fault: { code: 'CONTRACT', retryable: false } });
  });

  test.runIf(hasZstd)('in zstd is decoded where Node can', async () => {
    const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer };
    const packed = zstdCompressSync?.(bytes) as Buffer;
    const { body } = await play({ headers: { 'content-encoding': 'zstd' }, chunks: [packed] });
    expect(body.bytes.toString()).toBe(text);
  });

  test('whose inner stream is broken is a fault that is tried again', async () => {
    const headers = { 'content-encoding': 'gzip, br' };
    const { received } = await play({ headers, chunks: [brotliCompressSync(bytes)] });
    expect(received).toMatchObject({ fault: { code: 'PAGE_MALFORMED', retryable: true } });
  });

  test('that was packed small twice is refused at its bound', async () => {
    const headers = { 'content-encoding': 'gzip, gzip' };
    const bomb = gzipSync(gzipSync(Buffer.alloc(50_000_000, 'a')));
    const { received, body } = await play({ headers, chunks: [bomb] });
    expect(received).toMatchObject({ fault: { code: 'BODY_TOO_LARGE' } });
    expect(body.byteCount).toBeLessThanOrEqual(BYTES_MAX);
  });

  test('of a refused request in an unknown encoding leaves the refusal as it is', async () => {
    const headers = { 'content-encoding': 'zzz' };
    const { received } = await play({ status: 503, headers, chunks: [bytes] });
    expect(received).toMatchObject({ type: 'refused', meta: { status: 503 } });
  });
});
