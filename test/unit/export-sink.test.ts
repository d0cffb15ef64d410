import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileSink, openStreamSink } from '../../src/database/export/export-sink.js';
import { outputFailure } from '../../src/session/export/open-output.js';

const TEXT = 'one\ntwo\nthree\n';
const SHA256 = createHash('sha256').update(TEXT).digest('hex');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-sink-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stream that holds what it is given until it is told to take it. */
class SlowStream extends Writable {
  readonly #waiting: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 4 });
  }

  override _write(_: Buffer, __: string, done: () => void): void {
    this.#waiting.push(done);
  }

  takeOne(): void {
    this.#waiting.shift()?.();
  }
}

describe('a file', () => {
  test('has its name only when it is whole', async () => {
    const path = join(folder, 'ids.txt');
    const sink = await openFileSink(path, { isGzip: false });
    await sink.write(Buffer.from(TEXT));
    expect(existsSync(path)).toBe(false);
    expect(await sink.finish()).toEqual({ bytes: TEXT.length, sha256: SHA256 });
    expect(readdirSync(folder)).toEqual(['ids.txt']);
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  });

  test('that is given up leaves nothing behind and the older one untouched', async () => {
    const path = join(folder, 'ids.txt');
    const older = await openFileSink(path, { isGzip: false });
    await older.write(Buffer.from('older\n'));
    await older.finish();
    const sink = await openFileSink(path, { isGzip: false });
    await sink.write(Buffer.from(TEXT));
    sink.abandon();
    expect(readdirSync(folder)).toEqual(['ids.txt']);
    expect(readFileSync(path, 'utf8')).toBe('older\n');
  });

  test('is hashed before it is compressed', async () => {
    const path = join(folder, 'ids.txt.gz');
    const sink = await openFileSink(path, { isGzip: true });
    await sink.write(Buffer.from(TEXT));
    expect(await sink.finish()).toEqual({ bytes: TEXT.length, sha256: SHA256 });
    expect(gunzipSync(readFileSync(path)).toString()).toBe(TEXT);
  });

  test('that cannot be made is a failure that says why', async () => {
    const error = await openFileSink(join(folder, 'none', 'ids.txt'), { isGzip: false }).catch(
      (reason: unknown) => reason,
    );
    expect(outputFailure(error, 'ids.txt')).toMatchObject({ kind: 'usage' });
    expect(outputFailure(error, 'ids.txt')?.message).toMatch(/folder of ids.txt does not exist/);
  });
});

describe('a stream', () => {
  test('that is full holds the rows back until it has drained', async () => {
    const stream = new SlowStream();
    const sink = openStreamSink(stream, { isGzip: false });
    const waiting = sink.write(Buffer.from('12345678'));
    expect(waiting).not.toBeNull();
    stream.takeOne();
    await waiting;
    expect(sink.write(Buffer.from('1'))).toBeNull();
  });

  test('that breaks while it is waited for is a failure, not a wait for ever', async () => {
    const stream = new SlowStream();
    const sink = openStreamSink(stream, { isGzip: false });
    const waiting = sink.write(Buffer.from('12345678'));
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    const error = await waiting?.catch((reason: unknown) => reason);
    expect(outputFailure(error, 'ids.txt')?.message).toMatch(/reader of the output has gone/);
  });

  test('stays open, so that others can go on writing', async () => {
    const taken: string[] = [];
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        taken.push(chunk.toString());
        done();
      },
    });
    const sink = openStreamSink(stream, { isGzip: false });
    await sink.write(Buffer.from(TEXT));
    await sink.finish();
    expect(stream.writableEnded).toBe(false);
    expect(taken.join('')).toBe(TEXT);
  });
});

test('an error that is none of the file system is not taken for one', () => {
  expect(outputFailure(new Error('a bug'), 'ids.txt')).toBeNull();
});
