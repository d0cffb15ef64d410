/**
 * Receives one answer: an undici handler that copies the chunks into the body buffer and settles
 * once, with what came or with the reason why nothing usable did.
 *
 *   sent ── head ─┬─ of a page ─▶ body into the buffer, decoded, up to bytesMax ──▶ whole
 *                 └─ else ──────▶ the start of the body, for the error code in it ──▶ refused
 *   any failure on the way ────────────────────────────────────────────────────────▶ failed
 *
 * A refused request whose body fails stays refused: its status says more than the failure does.
 */
import type { Dispatcher } from 'undici';
import type { LimitHeaders } from '../../src/core/declared-statements.js';
import type { Fault } from '../../src/core/fault.js';
import type { ResponseMeta } from '../../src/protocol/fetch-messages.js';
import { type Destination, networkFault } from '../../src/source/network-fault.js';
import type { BodyBuffer } from './body-buffer.js';
import { type Decoding, decode, unknownEncoding } from './content-decoding.js';
import type { BodyRoom } from './receive-budget.js';
import { dripping, encodedUnknown, tooLarge, undecodable } from './receive-faults.js';
import {
  type AnswerHeaders,
  contentEncodings,
  contentLength,
  requestId,
  toldLimits,
} from './response-headers.js';

type Controller = Dispatcher.DispatchController;

/** As much of a refused request's body as is read. */
export const ERROR_BYTES_MAX = 65_536;

/** How an answer ended. */
export type Received =
  | {
      readonly type: 'whole';
      readonly headers: AnswerHeaders;
      readonly meta: ResponseMeta;
      /** Of the body, before it was decoded. */
      readonly wireBytes: number;
    }
  | {
      readonly type: 'refused';
      readonly errorText: string;
      readonly headers: AnswerHeaders;
      readonly meta: ResponseMeta;
    }
  | { readonly type: 'failed'; readonly fault: Fault; readonly meta: ResponseMeta | null };

/** What holds for every answer of a client. */
export interface ReceiveTerms {
  /** Epoch ms with fractions. */
  readonly now: () => number;
  readonly headDeadlineMs: number;
  readonly idleDeadlineMs: number;
  readonly destination: Destination;
  readonly limitHeaders: readonly LimitHeaders[];
  readonly pageStatuses: ReadonlySet<number>;
}

/** What belongs to one answer. */
export interface ReceiveParts {
  readonly body: BodyBuffer;
  readonly room: BodyRoom;
  /** That led to its request. @default 0 */
  readonly redirects?: number;
}

/**
 * The whole body has this many idle deadlines, and a second more for each `BYTES_PER_SECOND_MIN`
 * that have come: one that drips byte by byte never stalls, and would hold its page for ever.
 */
const BODY_IDLE_DEADLINES = 6;
const BYTES_PER_SECOND_MIN = 8_000;

export class ResponseReceiver implements Dispatcher.DispatchHandler {
  readonly #body: BodyBuffer;
  readonly #room: BodyRoom;
  readonly #redirects: number;
  readonly #terms: ReceiveTerms;
  readonly #settle: (received: Received) => void;
  #isSettled = false;
  #sentAtMs = 0;
  #head: { status: number; headers: AnswerHeaders; atMs: number } | null = null;
  #encodings: readonly string[] = [];
  #decoding: Decoding | null = null;
  #wireBytes = 0;
  #endAtMs: number | null = null;
  /** Of the body, as it was announced. */
  #lengthBytes = 0;
  /** Since when it waits for room, and how long it has. */
  #waitsSinceMs: number | null = null;
  #waitedMs = 0;

  /** @param settle called once */
  constructor(
    { body, room, redirects = 0 }: ReceiveParts,
    terms: ReceiveTerms,
    settle: (received: Received) => void,
  ) {
    this.#body = body;
    this.#room = room;
    this.#redirects = redirects;
    this.#terms = terms;
    this.#settle = settle;
  }

  onRequestStart(_controller: Controller): void {
    // undici may write a request again that found its connection closed; the last start counts.
    this.#sentAtMs = this.#terms.now();
    this.#head = null;
    this.#decoding?.destroy();
    this.#decoding = null;
    this.#wireBytes = 0;
    this.#body.clear();
  }

  onResponseStart(controller: Controller, status: number, headers: AnswerHeaders): void {
    if (status < 200) return this.#judgeInterim(controller);
    this.#head = { status, headers, atMs: this.#terms.now() };
    this.#encodings = contentEncodings(headers);
    const unknown = unknownEncoding(this.#encodings);
    if (unknown !== null) return this.#fail(controller, encodedUnknown(unknown));
    if (!this.#isPage || this.#encodings.length > 0) return;
    this.#lengthBytes = contentLength(headers) ?? 0;
    if (this.#lengthBytes > this.#body.bytesMax) return this.#endTooLarge(controller);
    const hasRoom = this.#room.reserve(this.#lengthBytes, () => this.#goOn(controller));
    if (hasRoom) this.#body.expect(this.#lengthBytes);
    else this.#wait(controller);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#isSettled || chunk.length === 0) return;
    this.#wireBytes += chunk.length;
    if (this.#isLate()) return this.#endLate(controller);
    if (this.#encodings.length === 0) return this.#append(controller, chunk);
    // An encoded stream can be endless and decode to nothing, so its own length is bounded too.
    if (this.#wireBytes > this.#body.bytesMax) return this.#endTooLarge(controller);
    this.#decoding ??= this.#startDecoding(controller, chunk);
    // The chunk lies in memory that undici fills again; the decoder reads it later.
    if (!this.#decoding.write(Buffer.from(chunk))) controller.pause();
  }

  onResponseEnd(): void {
    this.#endAtMs = this.#terms.now();
    if (this.#decoding === null) this.#endWhole();
    else this.#decoding.end();
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.#isRefused) return this.#endRefused();
    const byteCount = this.#head === null ? null : this.#body.byteCount;
    const fault = networkFault(error, byteCount, this.#terms.destination);
    this.#end({ type: 'failed', fault, meta: this.#meta() });
  }

  #append(controller: Controller, chunk: Buffer): void {
    if (this.#isPage) {
      if (!this.#body.append(chunk)) return this.#endTooLarge(controller);
      const hasRoom = this.#room.add(chunk.length, () => this.#goOn(controller));
      if (!hasRoom) this.#wait(controller);
      return;
    }
    const room = Math.min(ERROR_BYTES_MAX, this.#body.bytesMax) - this.#body.byteCount;
    this.#body.append(chunk.subarray(0, room));
    if (chunk.length <= room) return;
    this.#endRefused();
    controller.abort(new Error('the rest of the error body is not wanted'));
  }

  /** The rest of the body stays with the network, or before its decoder. */
  #wait(controller: Controller): void {
    this.#waitsSinceMs = this.#terms.now();
    if (this.#decoding === null) controller.pause();
    else this.#decoding.pause();
  }

  #goOn(controller: Controller): void {
    if (this.#isSettled || this.#waitsSinceMs === null) return;
    this.#waitedMs += this.#terms.now() - this.#waitsSinceMs;
    this.#waitsSinceMs = null;
    this.#body.expect(this.#lengthBytes);
    if (this.#decoding === null) controller.resume();
    else this.#decoding.resume();
  }

  #startDecoding(controller: Controller, firstChunk: Buffer): Decoding {
    return decode(this.#encodings, firstChunk, {
      onData: (chunk) => {
        if (!this.#isSettled) this.#append(controller, chunk);
      },
      onDrain: () => controller.resume(),
      onEnd: () => this.#endWhole(),
      onError: (error) => this.#fail(controller, undecodable(this.#encodings, error)),
    });
  }

  #endWhole(): void {
    if (this.#head === null || this.#isRefused) return this.#endRefused();
    const meta = this.#meta();
    if (meta === null) return;
    const { headers } = this.#head;
    this.#end({ type: 'whole', headers, meta, wireBytes: this.#wireBytes });
  }

  #endRefused(): void {
    const meta = this.#meta();
    if (this.#head === null || meta === null) return;
    const errorText = this.#body.bytes.toString('utf8');
    this.#end({ type: 'refused', errorText, headers: this.#head.headers, meta });
  }

  #endTooLarge(controller: Controller): void {
    this.#fail(controller, tooLarge(this.#body.bytesMax));
  }

  /** Each interim answer begins undici's wait for the head anew. */
  #judgeInterim(controller: Controller): void {
    const { now, headDeadlineMs } = this.#terms;
    if (this.#isSettled || now() - this.#sentAtMs <= headDeadlineMs) return;
    const message = 'interim answers alone came within the deadline of the head';
    this.#end({ type: 'failed', fault: { code: 'TIMEOUT', message, retryable: true }, meta: null });
    controller.abort(new Error('the answer is of no use'));
  }

  #isLate(): boolean {
    const { now, idleDeadlineMs } = this.#terms;
    const grantedMs =
      BODY_IDLE_DEADLINES * idleDeadlineMs + (this.#wireBytes / BYTES_PER_SECOND_MIN) * 1000;
    const waitsMs = this.#waitsSinceMs === null ? 0 : now() - this.#waitsSinceMs;
    const waitedMs = this.#waitedMs + waitsMs;
    return this.#head !== null && now() - this.#head.atMs - waitedMs > grantedMs;
  }

  #endLate(controller: Controller): void {
    const sinceHeadMs = this.#terms.now() - (this.#head?.atMs ?? 0);
    this.#fail(controller, dripping(this.#wireBytes, sinceHeadMs));
  }

  #fail(controller: Controller, fault: Fault): void {
    if (this.#isRefused) {
      this.#endRefused();
    } else {
      this.#end({ type: 'failed', fault: this.#withStatus(fault), meta: this.#meta() });
    }
    // After the end: whatever undici reports of the abort is no news.
    controller.abort(new Error('the answer is of no use'));
  }

  get #isPage(): boolean {
    return this.#head !== null && this.#terms.pageStatuses.has(this.#head.status);
  }

  get #isRefused(): boolean {
    return this.#head !== null && !this.#isPage;
  }

  #withStatus(fault: Fault): Fault {
    return this.#head === null ? fault : { ...fault, status: this.#head.status };
  }

  #meta(): ResponseMeta | null {
    if (this.#head === null) return null;
    const { status, headers, atMs } = this.#head;
    return {
      status,
      ...toldLimits(headers, atMs, this.#terms.limitHeaders),
      requestId: requestId(headers),
      sentAtMs: this.#sentAtMs,
      headAtMs: atMs,
      endAtMs: this.#endAtMs ?? this.#terms.now(),
      bodyBytes: this.#body.byteCount,
      redirects: this.#redirects,
    };
  }

  #end(received: Received): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#decoding?.destroy();
    this.#settle(received);
  }
}
