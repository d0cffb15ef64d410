/** COPY FROM STDIN as a query of node-postgres: a stand-in for psql where it is missing. */
import { Writable } from 'node:stream';
import type { Connection, Submittable } from 'pg';

/** What node-postgres has for COPY and its types leave out. */
interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

export class CopyFromFile implements Submittable {
  /** Resolves when the server has committed; rejects with its error. */
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #feed: (write: Writable) => Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  /** @param feed writes the whole text into the stream and ends it */
  constructor(sql: string, feed: (write: Writable) => Promise<void>) {
    this.#sql = sql;
    this.#feed = feed;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: Connection & CopyConnection): void {
    const socket = connection.stream;
    const write = new Writable({
      write(chunk: Buffer, _encoding, next) {
        connection.sendCopyFromChunk(chunk);
        if (socket.writableNeedDrain) socket.once('drain', () => next());
        else next();
      },
    });
    this.#feed(write).then(
      () => connection.endCopyFrom(),
      (error: Error) => connection.sendCopyFail(error.message),
    );
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}
