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
import type { Dispatcher } from 'undici';
import type { Fault } from '../../src/core/fault.js';
import { readDate } from '../../src/core/header-time.js';
import { readLimitHeaders } from '../../src/core/limit-headers.js';
import type { ResponseMeta } from '../../src/protocol/fetch-messages.js';
import type { BodyBuffer } from './body-buffer.js';
import { type Decoding, decode, knownEncodings, unknownEncoding } from './content-decoding.js';
import { networkFault } from './network-fault.js';
import {
  type AnswerHeaders,
  contentEncodings,
  contentLength,
  limitHeaders,
  requestId,
} from './response-headers.js';

type Controller = Dispatcher.DispatchController;

/** As much of a refused request's body as is read. */
const ERROR_BYTES_MAX = 65_536;

/** How an answer ended. */
export type Received =
  | { readonly type: 'whole'; readonly headers: AnswerHeaders; readonly meta: ResponseMeta }
  | { readonly type: 'refused'; readonly errorText: string; readonly meta: ResponseMeta }
  | { readonly type: 'failed'; readonly fault: Fault; readonly meta: ResponseMeta | null };

export class ResponseReceiver implements Dispatcher.DispatchHandler {
  readonly #body: BodyBuffer;
  readonly #now: () => number;
  readonly #settle: (received: Received) => void;
  #isSettled = false;
  #sentAtMs = 0;
  #head: { status: number; headers: AnswerHeaders; atMs: number } | null = null;
  #encodings: readonly string[] = [];
  #decoding: Decoding | null = null;
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
    this.#decoding?.destroy();
    this.#decoding = null;
    this.#encodedBytes = 0;
    this.#body.clear();
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    this.#head = { status, headers, atMs: this.#now() };
    this.#encodings = contentEncodings(headers);
    const unknown = unknownEncoding(this.#encodings);
    if (unknown !== null) return this.#endUnknownEncoding(controller, unknown);
    if (status !== 200 || this.#encodings.length > 0) return;
    if (!this.#body.expect(contentLength(headers) ?? 0)) this.#endTooLarge(controller);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#isSettled) return;
    if (this.#encodings.length === 0) return this.#append(controller, chunk);
    // An encoded stream can be endless and decode to nothing, so its own length is bounded too.
    this.#encodedBytes += chunk.length;
    if (this.#encodedBytes > this.#body.bytesMax) return this.#endTooLarge(controller);
    this.#decoding ??= this.#startDecoding(controller, chunk);
    // The chunk lies in memory that undici fills again; the decoder reads it later.
    if (!this.#decoding.write(Buffer.from(chunk))) controller.pause();
  }

  onResponseEnd(): void {
    this.#endAtMs = this.#now();
    if (this.#decoding === null) this.#endWhole();
    else this.#decoding.end();
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

  #startDecoding(controller: Controller, firstChunk: Buffer): Decoding {
    return decode(this.#encodings, firstChunk, {
      onData: (chunk) => {
        if (!this.#isSettled) this.#append(controller, chunk);
      },
      onDrain: () => controller.resume(),
      onEnd: () => this.#endWhole(),
      onError: () => this.#endUndecodable(controller),
    });
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

  #endUndecodable(controller: Controller): void {
    const message = `the body is not whole in ${this.#encodings.join(', ')}`;
    this.#fail(controller, { code: 'PAGE_MALFORMED', message, retryable: true });
  }

  #endUnknownEncoding(controller: Controller, unknown: string): void {
    this.#fail(controller, {
      code: 'CONTRACT',
      message: `the body is encoded in ${unknown}, which is not decoded here`,
      retryable: false,
      remedy: `Make the API or the proxy before it use one of ${knownEncodings()}, or none`,
    });
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
    const told = limitHeaders(headers, atMs);
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
    this.#decoding?.destroy();
    this.#settle(received);
  }
}
