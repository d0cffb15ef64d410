/** What a reservation of starts costs when so many members share a key: by the function of the database itself. */
import type { SavedLimit } from '../../src/core/limit-log.js';
import { openRunStore } from '../../src/database/run-store.js';
import { LimitStore } from '../../src/session/limit-store.js';
import type { BenchDatabase } from '../database.js';

const QUOTA = 6_000;
const WINDOW_MS = 60_000;
const ROUNDS = 20;
/** As `StartPlan` plans ahead. */
const HOLD_MS = 250;

/** Each member has its share of a minute's starts in the log. @returns ms of each reservation */
export async function measureReservations(
  database: BenchDatabase,
  members: number,
): Promise<number[]> {
  await database.reset();
  const store = openRunStore(database.pool);
  const key = { origin: 'https://bench.example', keyHash: 'bench', bucket: 'requests' };
  const stores = Array.from(
    { length: members },
    (_, nth) => new LimitStore({ store, key, work: `member-${nth}`, boot: () => null }),
  );
  const count = Math.max(1, Math.ceil((QUOTA * HOLD_MS) / WINDOW_MS / members));
  const started = Math.floor((QUOTA * 0.9) / members);
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of stores) {
      const nowMs = Date.now();
      const startsMs = Array.from(
        { length: started },
        (_, nth) => nowMs - WINDOW_MS + (nth * WINDOW_MS) / started,
      );
      const limit: SavedLimit = {
        ...{ name: 'x', policy: { quota: QUOTA, windowMs: WINDOW_MS }, isLeaky: false, startsMs },
      };
      const beganMs = performance.now();
      await one.reserve({
        log: { limits: [limit], pace: null, isLearned: true },
        ...{ count, untilMs: nowMs + HOLD_MS },
        shares: [{ name: 'x', free: QUOTA - started, spanMs: WINDOW_MS }],
      });
      // The first of each finds the clocks out.
      if (round > 0) costs.push(performance.now() - beganMs);
    }
  }
  return costs;
}
