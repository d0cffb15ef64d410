/**
 * Cursors: where the next page begins, and until when one may ask for it.
 *
 * The live form is base64 JSON without a signature, `{ id, ts, v: 2, exp }`; anybody can build one.
 * The opaque form is the same content encrypted under a key of the seed, so that the server still
 * keeps no table, and a cursor outlives a restart of the simulator.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { z } from 'zod';
import type { Position } from '../paging/position.js';
import { mix32 } from './hash.js';

const CURSOR_VERSION = 2;
const CIPHER = 'aes-128-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 16;

const cursorContent = z.object({
  id: z.string().min(1),
  ts: z.number(),
  v: z.literal(CURSOR_VERSION),
  exp: z.number(),
});

export interface Cursor {
  readonly position: Position;
  /** Epoch ms by the server's clock. */
  readonly expiresAtMs: number;
}

export interface CursorCodec {
  encode(cursor: Cursor): string;
  /** Null when the text is no cursor of this API. */
  decode(text: string): Cursor | null;
}

export function cursorCodec(settings: {
  readonly opaqueCursors: boolean;
  readonly seed: number;
}): CursorCodec {
  return settings.opaqueCursors ? opaqueCodec(settings.seed) : openCodec;
}

function contentOf({ position, expiresAtMs }: Cursor): string {
  return JSON.stringify({
    id: position.id,
    ts: position.ms,
    v: CURSOR_VERSION,
    exp: Math.round(expiresAtMs),
  });
}

function readContent(text: string): Cursor | null {
  try {
    const { id, ts, exp } = cursorContent.parse(JSON.parse(text));
    return { position: { ms: ts, id: id.toLowerCase() }, expiresAtMs: exp };
  } catch {
    return null;
  }
}

const openCodec: CursorCodec = {
  encode(cursor) {
    const text = Buffer.from(contentOf(cursor), 'utf8').toString('base64');
    // Live servers strip the padding now and then; which cursors lose it is left to chance.
    return mix32(cursor.expiresAtMs) % 2 === 0 ? text.replace(/=+$/, '') : text;
  },
  // Node reads both alphabets of base64, with and without padding.
  decode: (text) => readContent(Buffer.from(text, 'base64').toString('utf8')),
};

function opaqueCodec(seed: number): CursorCodec {
  const key = createHash('sha256').update(`cursor key ${seed}`).digest().subarray(0, KEY_BYTES);
  return {
    encode(cursor) {
      const content = contentOf(cursor);
      // The iv is a hash of the content: the same cursor is the same text in every run.
      const iv = createHash('sha256').update(key).update(content).digest().subarray(0, IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv);
      const sealed = [iv, cipher.update(content, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(sealed).toString('base64url');
    },
    decode(text) {
      const sealed = Buffer.from(text, 'base64url');
      if (sealed.length <= IV_BYTES + TAG_BYTES) return null;
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        const content = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
        return readContent(Buffer.concat([content, decipher.final()]).toString('utf8'));
      } catch {
        return null;
      }
    },
  };
}
