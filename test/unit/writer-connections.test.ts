import { describe, expect, test } from 'vitest';
import { CONNECTIONS_MAX } from '../../src/protocol/writer-messages.js';
import {
  afterRefusal,
  afterWrite,
  initialLoad,
  type WriterLoad,
} from '../../workers/writer/writer-connections.js';

/** A server that works on `workMs` of one page at a time on each of `processors`. */
function settle(
  roundTripMs: number,
  { workMs = 13, processors = 1, waiting = 3 } = {},
): WriterLoad {
  let load = initialLoad(roundTripMs);
  for (let page = 0; page < 200; page++) {
    const queued = (load.count * workMs) / processors;
    load = afterWrite(load, Math.max(workMs + roundTripMs, queued), waiting);
  }
  return load;
}

describe('the number of connections', () => {
  test.each([
    [0.1, 2],
    [2, 2],
    [20, 4],
    [100, 8],
  ])('is, for a round trip of %d ms, %d', (roundTripMs, count) => {
    expect(settle(roundTripMs, { workMs: 13, processors: 1 }).count).toBeLessThanOrEqual(count + 1);
    expect(settle(roundTripMs, { workMs: 26, processors: 2 }).count).toBe(count);
  });

  test('does not grow while no page waits, however far the database is', () => {
    expect(settle(100, { waiting: 0 }).count).toBe(2);
  });

  test('has an upper bound', () => {
    expect(settle(10_000).count).toBe(CONNECTIONS_MAX);
  });

  test('is not changed by a single slow page, such as one that made its connection first', () => {
    let load = initialLoad(5);
    for (const pageMs of [40, 40, 40, 400, 40, 40]) load = afterWrite(load, pageMs, 1);
    expect(load.count).toBe(2);
  });

  test('falls back and stays there once the server has no more', () => {
    const grown = settle(100, { workMs: 26, processors: 2 });
    let load = afterRefusal(afterRefusal(grown, 3), 3);
    expect(load.count).toBe(3);
    for (let page = 0; page < 50; page++) load = afterWrite(load, 126, 5);
    expect(load.count).toBe(3);
    expect(afterRefusal(load, 0).count).toBe(1);
  });
});
