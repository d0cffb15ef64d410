/** Answers as undici would give them to the receiver of the fetch worker, without a network. */
import type { Dispatcher } from 'undici';
import { BodyBuffer } from '../../workers/fetch/body-buffer.js';
import { type BodyRoom, ENDLESS_ROOM } from '../../workers/fetch/receive-budget.js';
import { type Received, ResponseReceiver } from '../../workers/fetch/response-receiver.js';

export const BYTES_MAX = 100_000;

/** What a client's answers have in common, without its clock. */
export const TERMS = {
  limitHeaders: [],
  pageStatuses: new Set([200]),
  headDeadlineMs: 30_000,
  idleDeadlineMs: 10_000,
  destination: { address: 'http://api.test', isProxied: false, setting: 'API_BASE_URL' },
};

/** Stands for undici's controller; notes what the receiver asks of it. */
export class TestController implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
    this.#onResume();
  }
  /** How often it was paused. */
  pauses = 0;
  #onResume = () => {};
  pause(): void {
    this.paused = true;
    this.pauses++;
  }
  resume(): void {
    this.paused = false;
    this.#onResume();
  }
  /** As undici, which reads on only then. */
  async untilResumed(): Promise<void> {
    while (this.paused && !this.aborted) {
      await new Promise<void>((resolve) => {
        this.#onResume = resolve;
      });
    }
  }
}

export interface Played {
  readonly received: Received;
  readonly body: BodyBuffer;
  readonly controller: TestController;
}

export interface Play {
  readonly status?: number;
  /** @default all there is to have */
  readonly room?: BodyRoom;
  /** A header that came more than once has a list. */
  readonly headers?: Record<string, string | string[]>;
  readonly chunks: readonly Uint8Array[];
  readonly error?: Error;
  readonly reused?: ArrayBuffer;
}

/** Plays one answer to a receiver, chunk by chunk, as undici would. */
export async function play({
  status = 200,
  headers = {},
  chunks,
  error,
  reused,
  room = ENDLESS_ROOM,
}: Play): Promise<Played> {
  const controller = new TestController();
  const body = new BodyBuffer(reused ?? null, BYTES_MAX);
  let nowMs = 0;
  let settle: (received: Received) => void = () => {};
  const settled = new Promise<Received>((resolve) => {
    settle = resolve;
  });
  const terms = { ...TERMS, now: () => ++nowMs };
  const receiver = new ResponseReceiver({ body, room }, terms, settle);
  receiver.onRequestStart(controller);
  receiver.onResponseStart(controller, status, headers);
  for (const chunk of chunks) {
    await controller.untilResumed();
    if (!controller.aborted) receiver.onResponseData(controller, Buffer.from(chunk));
  }
  if (error !== undefined) receiver.onResponseError(controller, error);
  else {
    await controller.untilResumed();
    if (!controller.aborted) receiver.onResponseEnd();
  }
  const received = await settled;
  return { received, body, controller };
}

/** The bytes in pieces, cut at the given places. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length];
  cuts.sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}
