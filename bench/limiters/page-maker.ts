/** The simulator's data set as pages for servers that are not the simulator. */
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { settingsFor } from '../../src/simulator/settings.js';
import { createSimulator, preciseNowMs, type Simulator } from '../../src/simulator/simulator.js';

/** What the data set is made of: its truth is told by the simulator's own functions. */
export function pageSettings(events: number): SimulatorSettings {
  return settingsFor('fast', { events });
}

export class PageMaker {
  readonly #simulator: Simulator;

  constructor(events: number) {
    this.#simulator = createSimulator(pageSettings(events));
  }

  /** The page that a query asks for, as JSON; null when its cursor is none. */
  page(query: URLSearchParams): Buffer | null {
    const { views, cursors, cache, settings } = this.#simulator;
    const view = views.events({ sessionId: null, type: null });
    const text = query.get('cursor');
    const cursor = text === null ? null : cursors.decode(text);
    if (text !== null && cursor === null) return null;
    const start = cursor === null ? 0 : view.firstAfter(cursor.position);
    const limit = Number(query.get('limit') ?? settings.defaultLimit);
    const end = Math.min(start + limit, view.count);
    const hasMore = end < view.count;
    const expiresAtMs = preciseNowMs() + settings.cursorTtlMs;
    const nextCursor = hasMore
      ? cursors.encode({ position: view.positionAt(end - 1), expiresAtMs })
      : null;
    const tail = JSON.stringify({
      pagination: { limit, hasMore, nextCursor, cursorExpiresIn: settings.cursorTtlMs / 1000 },
      meta: { total: view.count, returned: end - start },
    });
    return Buffer.concat([
      cache.page(view, start, end).page.rows,
      Buffer.from(`,${tail.slice(1)}`),
    ]);
  }
}
