/**
 * The writer's connections: a pool whose clients have their statements prepared and a wire buffer
 * each.
 */
import './node-navigator.js';
import pg from 'pg';
import type { WriterSettings } from '../../src/protocol/writer-messages.js';
import { writePreparation } from './statements.js';
import { WireBuffer } from './wire-buffer.js';
import { runWireQuery, type TextRow } from './wire-query.js';

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_DELAY_MS = 10_000;
/**
 * A server that answers nothing is given up this long after it should have ended the statement
 * itself; the connection then counts as lost.
 */
const READ_MARGIN_MS = 10_000;

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
  const pool = new pg.Pool({
    connectionString: settings.connectionString,
    max: settings.connectionsMax,
    application_name: 'datasync-writer',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Pages can be a minute apart under a limit; a new connection would have to prepare again.
    idleTimeoutMillis: 0,
    statement_timeout: settings.statementTimeoutMs,
    query_timeout: settings.statementTimeoutMs + READ_MARGIN_MS,
    async onConnect(client) {
      const wire = new WireBuffer();
      wires.set(client, wire);
      // Without a listener, a connection that breaks between two calls would end the thread. The
      // next call on it fails, and that is where it counts.
      client.on('error', () => {});
      await runWireQuery(client, wire, writePreparation);
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
