/** What a writer finds out over its first connections, before its first page. */
import type { Fault } from '../../src/core/fault.js';
import { faultFromDatabaseError } from '../../src/postgres/sql-fault.js';
import type { Connections } from './connections.js';
import { PROBE } from './row-digest.js';
import { writeBindAndExecute } from './wire-buffer.js';

const ROUND_TRIPS = 3;

/** Makes all connections, so that the first pages do not wait for them. */
export async function tryConnectAll(
  connections: Connections,
  count: number,
): Promise<Fault | null> {
  const taken = await Promise.allSettled(Array.from({ length: count }, () => connections.take()));
  let fault: Fault | null = null;
  for (const result of taken) {
    if (result.status === 'fulfilled') result.value.release(false);
    else fault ??= faultFromDatabaseError(result.reason);
  }
  return fault;
}

export async function hasOurDigest(connections: Connections): Promise<boolean> {
  try {
    const connection = await connections.take();
    const [row] = await connection.run((wire) => writeBindAndExecute(wire, 'probe_digest', []));
    connection.release(false);
    return row?.[0] === PROBE.digest;
  } catch {
    // The first page finds out what is wrong; INSERT is right in any case.
    return false;
  }
}

/** The quickest of a few: a slower one has met something else on its way. */
export async function measureRoundTrip(connections: Connections): Promise<number> {
  try {
    const connection = await connections.take();
    let quickestMs = Number.POSITIVE_INFINITY;
    for (let probe = 0; probe < ROUND_TRIPS; probe++) {
      const startedAtMs = performance.now();
      await connection.command('SELECT 1');
      quickestMs = Math.min(quickestMs, performance.now() - startedAtMs);
    }
    connection.release(false);
    return quickestMs;
  } catch {
    // The first page finds out what is wrong, and waits for it.
    return 0;
  }
}
