/**
 * Sinks of an export: a file that appears under its name only when it is whole, or a stream such as
 * standard output. Both count and hash what goes in, before it is compressed.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { nameBeside } from '../../files/write-whole.js';
import type { RowSink } from './export-rows.js';

/** What went in. */
export interface Written {
  /** Before compression. */
  readonly bytes: number;
  /** Of these bytes, in hexadecimal. */
  readonly sha256: string;
}

export interface ExportSink extends RowSink {
  /** Resolves when all is written. @throws the system's error */
  finish(): Promise<Written>;
  /** Leaves nothing behind. Synchronous, so that a signal can call it. */
  abandon(): void;
}

export interface SinkSettings {
  readonly isGzip: boolean;
}

/**
 * Writes beside `path` and renames at the end: whoever finds the file finds the whole of it.
 *
 * @throws the system's error when the file cannot be made
 */
export async function openFileSink(path: string, settings: SinkSettings): Promise<ExportSink> {
  const temporary = nameBeside(path);
  // The bytes are on the disk before the name is.
  const file = createWriteStream(temporary, { flags: 'wx', flush: true });
  await once(file, 'ready');
  const sink = sinkInto(file, settings, () => {
    const closed = once(file, 'close');
    file.end();
    return closed;
  });
  return {
    ...sink,
    async finish() {
      const written = await sink.finish();
      await rename(temporary, path);
      return written;
    },
    abandon() {
      file.destroy();
      rmSync(temporary, { force: true });
    },
  };
}

/** Writes into a stream that stays open. */
export function openStreamSink(stream: Writable, settings: SinkSettings): ExportSink {
  return sinkInto(stream, settings, () => new Promise((resolve) => stream.write('', resolve)));
}

/** @param settle resolves when what was written to `target` is where it belongs */
function sinkInto(
  target: Writable,
  { isGzip }: SinkSettings,
  settle: () => Promise<unknown>,
): ExportSink {
  const hash = createHash('sha256');
  const gzip = isGzip ? createGzip() : null;
  let bytes = 0;
  const broken = new Promise<never>((_, reject) => target.on('error', reject));
  // Without a listener a failure that nobody waits for yet would end the process.
  broken.catch(() => {});
  gzip?.pipe(target, { end: false });
  const entry = gzip ?? target;
  return {
    write(block) {
      hash.update(block);
      bytes += block.length;
      if (entry.write(block)) return null;
      return Promise.race([once(entry, 'drain').then(() => {}), broken]);
    },
    async finish() {
      if (gzip !== null) {
        const ended = once(gzip, 'end');
        gzip.end();
        await Promise.race([ended, broken]);
      }
      await Promise.race([settle(), broken]);
      return { bytes, sha256: hash.digest('hex') };
    },
    abandon() {},
  };
}
