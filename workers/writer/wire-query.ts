/**
 * A query object of our own for node-postgres: several protocol messages in one write and one
 * transaction, answered by one Sync.
 *
 * Until that Sync the server treats everything as one implicit transaction: COPY and the ledger row
 * commit together or not at all, in one round trip, without BEGIN and COMMIT. On an error it
 * discards what follows up to the Sync, the rest of the COPY stream included, so that the
 * connection stays usable. Neither Flush nor Sync may be sent before CopyDone: in copy mode the
 * server ignores them.
 *
 * The messages are built in `submit`, which node-postgres calls when the connection is ready for
 * them: only then has the server read all of the previous write, so that its buffer can be reused.
 */
import type { Connection, Submittable } from 'pg';
import { MESSAGE_CODE, type WireBuffer } from './wire-buffer.js';

/** Values of a row in text form. */
export type TextRow = readonly (string | null)[];

export class WireQuery implements Submittable {
  readonly #wire: WireBuffer;
  readonly #writeMessages: (wire: WireBuffer) => void;
  readonly #resolve: (rows: TextRow[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #rows: TextRow[] = [];

  constructor(
    wire: WireBuffer,
    writeMessages: (wire: WireBuffer) => void,
    settle: { resolve: (rows: TextRow[]) => void; reject: (error: unknown) => void },
  ) {
    this.#wire = wire;
    this.#writeMessages = writeMessages;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  /** @returns an error that node-postgres hands to `handleError` before anything is sent. */
  submit(connection: Connection): Error | null {
    try {
      this.#wire.reset();
      this.#writeMessages(this.#wire);
      this.#wire.emptyMessage(MESSAGE_CODE.sync);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    connection.stream.write(this.#wire.written());
    return null;
  }

  handleDataRow(message: { readonly fields: TextRow }): void {
    this.#rows.push(message.fields);
  }

  /** The last call on success. It never comes after an error: node-postgres drops the query there. */
  handleReadyForQuery(): void {
    this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  // The server announces copy mode, but the data is already under way.
  handleCopyInResponse(): void {}
  handleRowDescription(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}

/** What `runWireQuery` needs of a node-postgres client. */
export interface WireClient {
  query(query: WireQuery): unknown;
}

/**
 * Sends the messages that `writeMessages` builds, then Sync.
 *
 * @returns the rows of all statements, in order.
 * @throws the server's error, or that of the connection; everything was rolled back, unless the
 *   connection broke, for then the outcome is not known.
 */
export function runWireQuery(
  client: WireClient,
  wire: WireBuffer,
  writeMessages: (wire: WireBuffer) => void,
): Promise<TextRow[]> {
  return new Promise((resolve, reject) => {
    client.query(new WireQuery(wire, writeMessages, { resolve, reject }));
  });
}
