/**
 * Receives one answer: an undici handler that copies the chunks into the body buffer and settles
 * once, with what came or with the reason why nothing usable did.
 *
 *   sent ── head ─┬─ 200 ─▶ body into the buffer, decoded, up to bytesMax ──▶ whole
 *                 └─ else ▶ the start of the body, for the error code in it ──▶ refused
 *   any failure on the way ─────────────────────────────────────────────────▶ failed
 *
 * A refused request whose body fails stays refused: its status says more than the failure does.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { Fault } from '../../src/core/fault.js';
import { readDate } from '../../src/core/header-time.js';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import type { ResponseMeta } from '../../src/protocol/fetch-messages.js';
import type { BodyBuffer } from './body-buffer.js';
import { networkFault } from './network-fault.js';
import { contentLength, limitHeaders, requestId } from './response-headers.js';

type Controller = Dispatcher.DispatchController;

/** As much of a refused request's body as is read. */
const ERROR_BYTES_MAX = 65_536;

/** Encodings that are decoded, asked for or not. */
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** How an answer ended. */
export type Received =
  | { readonly type: 'whole'; readonly headers: IncomingHttpHeaders; readonly meta: ResponseMeta }
  | { readonly type: 'refused'; readonly errorText: string; readonly meta: ResponseMeta }
  | { readonly type: 'failed'; readonly fault: Fault; readonly meta: ResponseMeta | null };

export class ResponseReceiver implements Dispatcher.DispatchHandler {
  readonly #body: BodyBuffer;
  readonly #now: () => number;
  readonly #settle: (received: Received) => void;
  #isSettled = false;
  #sentAtMs = 0;
  #head: { status: number; headers: IncomingHttpHeaders; atMs: number } | null = null;
  #decoder: Transform | null = null;
  #encodedBytes = 0;
  #endAtMs: number | null = null;

  /**
   * @param now epoch ms with fractions
   * @param settle called once
   */
  constructor(body: BodyBuffer, now: () => number, settle: (received: Received) => void) {
    this.#body = body;
    this.#now = now;
    this.#settle = settle;
  }

  onRequestStart(_controller: Controller): void {
    // undici may write a request again that found its connection closed; the last start counts.
    this.#sentAtMs = this.#now();
    this.#head = null;
    this.#decoder?.destroy();
    this.#decoder = null;
    this.#encodedBytes = 0;
    this.#body.clear();
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#head = { status, headers, atMs: this.#now() };
    const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
    if (encoding !== 'identity' && encoding !== '') {
      const create = DECODERS[encoding];
      if (create === undefined) return this.#endUndecodable(controller, 'any encoding asked for');
      this.#decoder = this.#startDecoder(create(), { controller, encoding });
    } else if (status === 200 && !this.#body.expect(contentLength(headers) ?? 0)) {
      this.#endTooLarge(controller);
    }
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#isSettled) return;
    if (this.#decoder === null) return this.#append(controller, chunk);
    // An encoded stream can be endless and decode to nothing, so its own length is bounded too.
    this.#encodedBytes += chunk.length;
    if (this.#encodedBytes > this.#body.bytesMax) return this.#endTooLarge(controller);
    // The chunk lies in memory that undici fills again; the decoder reads it later.
    if (!this.#decoder.write(Buffer.from(chunk))) controller.pause();
  }

  onResponseEnd(): void {
    this.#endAtMs = this.#now();
    if (this.#decoder === null) this.#endWhole();
    else this.#decoder.end();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.#head !== null && this.#head.status !== 200) return this.#endRefused();
    const fault = networkFault(error, this.#head === null ? null : this.#body.byteCount);
    this.#end({ type: 'failed', fault, meta: this.#meta() });
  }

  #append(controller: Controller, chunk: Buffer): void {
    if (this.#head?.status === 200) {
      if (!this.#body.append(chunk)) this.#endTooLarge(controller);
      return;
    }
    const room = Math.min(ERROR_BYTES_MAX, this.#body.bytesMax) - this.#body.byteCount;
    this.#body.append(chunk.subarray(0, room));
    if (chunk.length <= room) return;
    this.#endRefused();
    controller.abort(new Error('the rest of the error body is not wanted'));
  }

  #startDecoder(
    decoder: Transform,
    { controller, encoding }: { controller: Controller; encoding: string },
  ): Transform {
    decoder.on('data', (chunk: Buffer) => {
      if (!this.#isSettled) this.#append(controller, chunk);
    });
    decoder.on('drain', () => controller.resume());
    decoder.on('end', () => this.#endWhole());
    decoder.on('error', () => this.#endUndecodable(controller, encoding));
    return decoder;
  }

  #endWhole(): void {
    if (this.#head?.status !== 200) return this.#endRefused();
    const meta = this.#meta();
    if (meta !== null) this.#end({ type: 'whole', headers: this.#head.headers, meta });
  }

  #endRefused(): void {
    const meta = this.#meta();
    if (meta !== null) {
      this.#end({ type: 'refused', errorText: this.#body.bytes.toString('utf8'), meta });
    }
  }

  #endTooLarge(controller: Controller): void {
    const message = `the body is larger than ${this.#body.bytesMax} bytes`;
    this.#fail(controller, { code: 'BODY_TOO_LARGE', message, retryable: true });
  }

  /** @param encoding the name of one that we know, for the server's own word is not repeated */
  #endUndecodable(controller: Controller, encoding: string): void {
    const message = `the body is not whole in ${encoding}`;
    this.#fail(controller, { code: 'PAGE_MALFORMED', message, retryable: true });
  }

  #fail(controller: Controller, fault: Fault): void {
    if (this.#head !== null && this.#head.status !== 200) {
      this.#endRefused();
    } else {
      this.#end({ type: 'failed', fault: { ...fault, status: 200 }, meta: this.#meta() });
    }
    // After the end: whatever undici reports of the abort is no news.
    controller.abort(new Error('the answer is of no use'));
  }

  #meta(): ResponseMeta | null {
    if (this.#head === null) return null;
    const { status, headers, atMs } = this.#head;
    const told = limitHeaders(headers);
    return {
      status,
      limits: readLimitHeaders(told, atMs),
      dateMs: readDate(told.date ?? ''),
      requestId: requestId(headers),
      sentAtMs: this.#sentAtMs,
      headAtMs: atMs,
      endAtMs: this.#endAtMs ?? this.#now(),
      bodyBytes: this.#body.byteCount,
    };
  }

  #end(received: Received): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#decoder?.destroy();
    this.#settle(received);
  }
}
