/**
 * The writer's connections: a pool whose clients have their statements prepared and a wire buffer
 * each.
 */
import { answerDeadlineMs, makePool } from '../../src/postgres/client.js';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { writePreparation } from './statements.js';
import type { TableShape } from './table-shape.js';
import { WireBuffer } from './wire-buffer.js';
import { runWireQuery, type TextRow } from './wire-query.js';

/** One connection in use. Give it back with `release`. */
export interface Connection {
  /** Sends messages and a Sync in one write; see wire-query. */
  run(writeMessages: (wire: WireBuffer) => void): Promise<TextRow[]>;
  /** Runs statements without parameters, such as SAVEPOINT. */
  command(text: string): Promise<void>;
  /** @param isBroken close the connection: its state is not known */
  release(isBroken: boolean): void;
}

export interface Connections {
  /** How many there are, in use or not. */
  readonly openCount: number;
  /** @throws what node-postgres throws when no connection can be made */
  take(): Promise<Connection>;
  end(): Promise<void>;
}

/** @param max connections at most */
export function openConnections(
  settings: WriterSettings,
  shape: TableShape,
  max: number,
): Connections {
  const wires = new WeakMap<object, WireBuffer>();
  let openCount = 0;
  const pool = makePool({
    connectionString: settings.connectionString,
    max,
    applicationName: settings.sessionName ?? 'datasync-writer',
    // Pages can be a minute apart under a limit; a new connection would have to prepare again.
    idleTimeoutMs: 0,
    statementTimeoutMs: settings.statementTimeoutMs,
    silenceMs: answerDeadlineMs(settings.statementTimeoutMs),
    onConnect(client) {
      openCount++;
      client.once('end', () => {
        openCount--;
      });
      const wire = new WireBuffer();
      wires.set(client, wire);
      return runWireQuery(client, wire, (into) =>
        writePreparation(into, shape, settings.retries ?? false),
      );
    },
  });
  pool.on('error', () => {});

  return {
    get openCount() {
      return openCount;
    },
    async take() {
      const client = await pool.connect();
      const wire = wires.get(client) ?? new WireBuffer();
      return {
        run: (writeMessages) => runWireQuery(client, wire, writeMessages),
        async command(text) {
          await client.query(text);
        },
        release: (isBroken) => client.release(isBroken),
      };
    },
    end: () => pool.end(),
  };
}
