/**
 * Alert sender: posts bodies one after another, in order, again and again as `judgeAnswer` says.
 *
 * Nothing waits for it: `send` returns at once, and what waits is bounded in number and in time. At
 * the end of the process `finish` gives what is left a last while.
 */
import PQueue from 'p-queue';
import { type Answer, judgeAnswer } from './delivery.js';

/** An alert that is older tells of something long past. */
const GIVE_UP_MS = 15 * 60_000;
/** At most so long does a receiver keep an ended process alive. */
export const FINISH_MS = 10_000;
/** Stalls alone can pile up, two alerts each; the ends of a run always find room. */
const WAITING_MAX = 50;

/** What to say of an alert in the log. */
export interface DeliveryReport {
  readonly alert: string;
  readonly attempts: number;
  /** Of the last attempt; null: it was taken. */
  readonly reason: string | null;
}

export interface AlertSenderParts {
  /** Posts once; never rejects. `signal` gives the attempt up. */
  readonly post: (body: string, signal: AbortSignal) => Promise<Answer>;
  readonly nowMs: () => number;
  /** Resolves after `ms`, or at once when `signal` is aborted. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly onTaken: (report: DeliveryReport) => void;
  /** The first attempt was in vain; told once an alert. */
  readonly onDelayed: (report: DeliveryReport) => void;
  readonly onLost: (report: DeliveryReport) => void;
}

export class AlertSender {
  readonly #parts: AlertSenderParts;
  readonly #queue = new PQueue({ concurrency: 1 });
  /** Ends the waits between attempts: the process ends, so that the next attempt comes at once. */
  readonly #hurry = new AbortController();
  /** Ends everything. */
  readonly #stop = new AbortController();
  #finishAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: AlertSenderParts) {
    this.#parts = parts;
  }

  /**
   * @param alert its name in the log
   * @param isEnd nothing comes after it, so that it is taken however much waits
   */
  send(alert: string, body: object, isEnd: boolean): void {
    if (!isEnd && this.#queue.size >= WAITING_MAX) {
      return this.#parts.onLost({ alert, attempts: 0, reason: `${WAITING_MAX} alerts wait` });
    }
    const giveUpAtMs = this.#parts.nowMs() + GIVE_UP_MS;
    void this.#queue.add(() => this.#deliver(alert, JSON.stringify(body), giveUpAtMs));
  }

  /** Waits until all is delivered or given up, `FINISH_MS` at most. Never rejects. */
  async finish(): Promise<void> {
    const { nowMs, delay } = this.#parts;
    this.#finishAtMs = nowMs() + FINISH_MS;
    this.#hurry.abort();
    const isIdle = new AbortController();
    await Promise.race([
      this.#queue.onIdle().then(() => isIdle.abort()),
      delay(FINISH_MS, isIdle.signal),
    ]);
    this.#stop.abort();
    await this.#queue.onIdle();
  }

  async #deliver(alert: string, body: string, giveUpAtMs: number): Promise<void> {
    const { post, nowMs, random, onTaken, onDelayed, onLost } = this.#parts;
    let attempts = 0;
    while (!this.#stop.signal.aborted) {
      attempts++;
      const answer = await post(body, this.#stop.signal);
      const delivery = judgeAnswer(answer, {
        attempts,
        leftMs: Math.min(giveUpAtMs, this.#finishAtMs) - nowMs(),
        isLast: this.#hurry.signal.aborted,
        random: random(),
      });
      if (delivery.type === 'taken') return onTaken({ alert, attempts, reason: null });
      const { reason } = delivery;
      if (delivery.type === 'lost') return onLost({ alert, attempts, reason });
      if (attempts === 1) onDelayed({ alert, attempts, reason });
      await this.#wait(delivery);
    }
    onLost({ alert, attempts, reason: 'the process ends' });
  }

  /** Until the next attempt. The end of the process cuts short what nobody asked for. */
  async #wait({ delayMs, isAsked }: { delayMs: number; isAsked: boolean }): Promise<void> {
    const { nowMs, delay } = this.#parts;
    const untilMs = nowMs() + delayMs;
    if (!this.#hurry.signal.aborted) {
      await delay(delayMs, this.#hurry.signal);
      if (!isAsked) return;
    }
    const restMs = untilMs - nowMs();
    if (restMs > 0 && untilMs < this.#finishAtMs) await delay(restMs, this.#stop.signal);
  }
}
