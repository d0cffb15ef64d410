/**
 * The writer's connections: a pool whose clients have their statements prepared and a wire buffer
 * each.
 */
import { answerDeadlineMs, makePool } from '../../src/postgres/client.js';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { writePreparation } from './statements.js';
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
  /** @throws what node-postgres throws when no connection can be made */
  take(): Promise<Connection>;
  end(): Promise<void>;
}

export function openConnections(settings: WriterSettings): Connections {
  const wires = new WeakMap<object, WireBuffer>();
  const pool = makePool({
    connectionString: settings.connectionString,
    max: settings.connectionsMax,
    applicationName: 'datasync-writer',
    // Pages can be a minute apart under a limit; a new connection would have to prepare again.
    idleTimeoutMs: 0,
    statementTimeoutMs: settings.statementTimeoutMs,
    silenceMs: answerDeadlineMs(settings.statementTimeoutMs),
    onConnect(client) {
      const wire = new WireBuffer();
      wires.set(client, wire);
      return runWireQuery(client, wire, writePreparation);
    },
  });
  pool.on('error', () => {});

  return {
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
