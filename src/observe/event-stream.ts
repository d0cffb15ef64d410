/**
 * Event stream: server-sent events to any number of pages, at no cost to the run.
 *
 * A message is made once for all listeners, and not at all where there is none. Who does not read
 * fast enough is left out until their buffer is empty: each snapshot replaces the one before, so that
 * nothing is owed. A listener whose history is behind gets it whole before the next snapshot.
 *
 * There are sixteen places. A newcomer is never turned away: the listener that has read nothing for
 * longest gives its place up, or else the oldest, with a message that tells its page not to come back by
 * itself. The kernel's buffers hide for minutes that somebody reads nothing, so no time-out would do.
 */
import type { ServerResponse } from 'node:http';

/** What the stream tells of; asked for only while someone listens. */
export interface StreamSource {
  /** Replaces what was told before. */
  snapshot(): object;
  /** Null: there is none. `version` grows when what was sent before no longer fits. */
  history(): { readonly version: number } | null;
  /** A snapshot could not be made. That is told, and stops nothing. */
  complain(error: unknown): void;
}

interface Listener {
  readonly response: ServerResponse;
  historyVersion: number;
  /** Snapshots in a row that it was left out of. */
  missed: number;
}

const LISTENERS_MAX = 16;
/** Half a dozen snapshots: more than that unread is a page that does not keep up. */
const UNREAD_BYTES_MAX = 64_000;
const RECONNECT_MS = 1_000;
/** In which the last message may be read. */
const FAREWELL_MS = 1_000;

export class EventStream {
  readonly #source: StreamSource;
  readonly #listeners = new Set<Listener>();

  constructor(source: StreamSource) {
    this.#source = source;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  add(response: ServerResponse): void {
    if (this.#listeners.size >= LISTENERS_MAX) this.#giveUpOne();
    const listener: Listener = { response, historyVersion: -1, missed: 0 };
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
      'X-Content-Type-Options': 'nosniff',
    });
    response.on('close', () => this.#listeners.delete(listener));
    response.on('error', () => this.#listeners.delete(listener));
    response.write(`retry: ${RECONNECT_MS}\n\n`);
    this.#listeners.add(listener);
    this.#tell([listener]);
  }

  /** Sends the newest snapshot to everyone who keeps up. */
  publish(): void {
    this.#tell([...this.#listeners]);
  }

  /** Says that nothing more comes, and closes all. */
  close(): void {
    this.publish();
    for (const { response } of this.#listeners) response.end('event: bye\ndata: {}\n\n');
    this.#listeners.clear();
  }

  #giveUpOne(): void {
    const [first, ...others] = this.#listeners;
    if (first === undefined) return;
    const chosen = others.reduce((most, each) => (each.missed > most.missed ? each : most), first);
    this.#listeners.delete(chosen);
    const { response } = chosen;
    response.end(message('displaced', {}));
    // What is not read would keep the connection open for ever.
    setTimeout(() => response.destroy(), FAREWELL_MS).unref();
  }

  #tell(listeners: readonly Listener[]): void {
    try {
      this.#send(listeners);
    } catch (error) {
      this.#source.complain(error);
    }
  }

  #send(listeners: readonly Listener[]): void {
    for (const listener of listeners) {
      const isReady = listener.response.writableLength <= UNREAD_BYTES_MAX;
      listener.missed = isReady ? 0 : listener.missed + 1;
    }
    const ready = listeners.filter(({ missed }) => missed === 0);
    if (ready.length === 0) return;
    const history = this.#source.history();
    const behind = ready.filter((listener) => listener.historyVersion !== (history?.version ?? 0));
    if (behind.length > 0) {
      const text = message('history', history ?? {});
      for (const listener of behind) {
        listener.historyVersion = history?.version ?? 0;
        listener.response.write(text);
      }
    }
    const text = message('snapshot', this.#source.snapshot());
    for (const { response } of ready) response.write(text);
  }
}

/** JSON has no line ends, which would end the message. */
function message(event: string, value: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(value)}\n\n`;
}
