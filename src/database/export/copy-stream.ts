/**
 * COPY TO STDOUT without an object per row.
 *
 * node-postgres makes an event and an object of every message, and COPY sends a message a row. So
 * while the rows come, their messages are read here, from the socket; every other message is handed
 * on to node-postgres untouched, which thus sees the statement begin, fail and end as always.
 */
import type { ClientBase, Connection, Submittable } from 'pg';
import { permitSilence } from '../../postgres/client.js';

const COPY_DATA = 0x64;
const READY_FOR_QUERY = 0x5a;
/** A byte of type and four of length. */
const HEAD_BYTES = 5;

export interface CopyStreamSettings {
  /**
   * Asked after each piece that the socket gave: a promise holds the server back until it resolves,
   * so that what reads the rows may be slower than it. What it rejects with breaks the connection
   * and is thrown.
   */
  readonly hold?: () => Promise<void> | null;
  /** How long the server may work before its first row, in ms, as for a sort. @default as usual */
  readonly firstRowMs?: number;
}

type OnMessage = (bytes: Buffer, start: number, end: number) => void;
type Listener = (bytes: Buffer) => void;

/**
 * Runs one COPY … TO STDOUT.
 *
 * @param onMessage told of each CopyData payload, `bytes[start, end)`; must not keep it. What it
 *   throws breaks the connection and is thrown here.
 * @throws the server's error, or that of the connection
 */
export function streamCopy(
  client: ClientBase,
  sql: string,
  onMessage: OnMessage,
  { hold = () => null, firstRowMs }: CopyStreamSettings = {},
): Promise<void> {
  let isFirst = firstRowMs !== undefined;
  const onRow: OnMessage = (bytes, start, end) => {
    if (isFirst) permitSilence(client, null);
    isFirst = false;
    onMessage(bytes, start, end);
  };
  return new Promise((resolve, reject) => {
    if (firstRowMs !== undefined) permitSilence(client, firstRowMs);
    client.query(new CopyStream(sql, onRow, hold, { resolve, reject }));
  });
}

class CopyStream implements Submittable {
  readonly #sql: string;
  readonly #onMessage: OnMessage;
  readonly #hold: () => Promise<void> | null;
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void };

  constructor(
    sql: string,
    onMessage: OnMessage,
    hold: () => Promise<void> | null,
    settle: { resolve: () => void; reject: (error: unknown) => void },
  ) {
    this.#sql = sql;
    this.#onMessage = onMessage;
    this.#hold = hold;
    this.#settle = settle;
  }

  submit(connection: Connection): void {
    this.#divert(connection);
    connection.query(this.#sql);
  }

  handleReadyForQuery(): void {
    this.#settle.resolve();
  }

  handleError(error: unknown): void {
    this.#settle.reject(error);
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  /** Stands before node-postgres on the socket until the server is ready again. */
  #divert({ stream }: Connection): void {
    const listeners = stream.listeners('data') as Listener[];
    let rest: Buffer = Buffer.alloc(0);
    const handOn = (bytes: Buffer): void => {
      for (const listener of listeners) listener.call(stream, bytes);
    };
    const read = (chunk: Buffer): void => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (at + HEAD_BYTES <= bytes.length) {
        const end = at + 1 + bytes.readUInt32BE(at + 1);
        if (end > bytes.length) break;
        const type = bytes[at];
        if (type === COPY_DATA) this.#onMessage(bytes, at + HEAD_BYTES, end);
        else if (type === READY_FOR_QUERY) {
          stream.off('data', onData);
          for (const listener of listeners) stream.on('data', listener);
          handOn(bytes.subarray(at));
          return;
        } else handOn(bytes.subarray(at, end));
        at = end;
      }
      rest = bytes.subarray(at);
    };
    const fail = (error: unknown): void => {
      // Thrown into a socket's event it would end the process.
      stream.off('data', onData);
      this.#settle.reject(error);
      stream.destroy();
    };
    const onData = (chunk: Buffer): void => {
      try {
        read(chunk);
        const held = this.#hold();
        if (held === null) return;
        stream.pause();
        held.then(() => stream.resume(), fail);
      } catch (error) {
        fail(error);
      }
    };
    stream.removeAllListeners('data');
    stream.on('data', onData);
  }
}
