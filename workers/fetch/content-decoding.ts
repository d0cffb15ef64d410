/** Decodes a body from what Content-Encoding names, asked for or not. */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

/** Each may be applied to the one before; more of them are no honest answer. */
const ENCODINGS_MAX = 4;
/** A name that may be repeated in a message: a server could write what it was sent, key and all. */
const PLAIN_NAME = /^[a-z][a-z0-9-]{0,15}$/;
/** The low half of a zlib stream's first byte. */
const ZLIB_METHOD = 8;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  ...zstdDecoder(),
};

/** Node has it from 22.15 on. */
function zstdDecoder(): Record<string, () => Transform> {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  return createZstdDecompress === undefined ? {} : { zstd: createZstdDecompress };
}

/** What cannot be decoded, for a message; null when all can. @param encodings as they were applied */
export function unknownEncoding(encodings: readonly string[]): string | null {
  if (encodings.length > ENCODINGS_MAX) return `${encodings.length} encodings`;
  const unknown = encodings.find((encoding) => !Object.hasOwn(DECODERS, encoding));
  if (unknown === undefined) return null;
  return PLAIN_NAME.test(unknown) ? unknown : 'an encoding without a proper name';
}

/** The names of those that can be decoded, for a message. */
export function knownEncodings(): string {
  return Object.keys(DECODERS)
    .filter((name) => !name.startsWith('x-'))
    .join(', ');
}

/** A body on its way through its decoders. */
export interface Decoding {
  /** False: enough for now; `onDrain` says when to go on. */
  write(chunk: Buffer): boolean;
  end(): void;
  /** Holds the decoded bytes back. */
  pause(): void;
  resume(): void;
  destroy(): void;
}

export interface DecodingEvents {
  readonly onData: (chunk: Buffer) => void;
  readonly onDrain: () => void;
  readonly onEnd: () => void;
  readonly onError: (error: Error) => void;
}

/**
 * @param encodings as they were applied, all known, at least one
 * @param firstChunk of the body: `deflate` is a zlib stream by the standard, but the bare one inside it
 *   by some servers
 */
export function decode(
  encodings: readonly string[],
  firstChunk: Buffer,
  events: DecodingEvents,
): Decoding {
  const decoders = encodings.toReversed().map((encoding, index) => {
    const isBare = encoding === 'deflate' && index === 0 && !isZlib(firstChunk);
    return isBare ? zlib.createInflateRaw() : (DECODERS[encoding] as () => Transform)();
  });
  const first = decoders[0] as Transform;
  const last = decoders.at(-1) as Transform;
  for (const [index, decoder] of decoders.entries()) {
    decoder.on('error', events.onError);
    const next = decoders[index + 1];
    if (next !== undefined) decoder.pipe(next);
  }
  first.on('drain', events.onDrain);
  last.on('data', events.onData);
  last.on('end', events.onEnd);
  return {
    write: (chunk) => first.write(chunk),
    end: () => void first.end(),
    pause: () => void last.pause(),
    resume: () => void last.resume(),
    destroy: () => {
      for (const decoder of decoders) decoder.destroy();
    },
  };
}

function isZlib(chunk: Buffer): boolean {
  return ((chunk[0] ?? ZLIB_METHOD) & 0x0f) === ZLIB_METHOD;
}
