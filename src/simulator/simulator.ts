/** The parts of one running simulator, wired; and one request in it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CursorCodec, cursorCodec } from './cursor-codec.js';
import { Dataset } from './dataset.js';
import { type FaultDraw, type FaultPlan, faultDraw } from './faults.js';
import { Gate } from './gate.js';
import { purposeWord } from './hash.js';
import { PageCache } from './page-cache.js';
import { Renderer } from './render.js';
import type { SimulatorSettings } from './settings.js';
import { StatsCollector } from './stats.js';
import { Views } from './views.js';

export interface Simulator {
  readonly settings: SimulatorSettings;
  readonly dataset: Dataset;
  readonly renderer: Renderer;
  readonly views: Views;
  readonly cache: PageCache;
  readonly cursors: CursorCodec;
  readonly faults: FaultDraw;
  readonly gate: Gate;
  readonly stats: StatsCollector;
  /** What request and submission ids are made of. */
  readonly requestWord: number;
  readonly latencyWord: number;
}

export function createSimulator(settings: SimulatorSettings): Simulator {
  const dataset = new Dataset(settings);
  const renderer = new Renderer(dataset);
  return {
    settings,
    dataset,
    renderer,
    views: new Views(dataset),
    cache: new PageCache(renderer, settings.cacheBytes),
    cursors: cursorCodec(settings),
    faults: faultDraw(settings),
    gate: new Gate(settings),
    stats: new StatsCollector(),
    requestWord: purposeWord(settings.seed, 'request id'),
    latencyWord: purposeWord(settings.seed, 'latency'),
  };
}

/** Renders the pages of an honest walk into the cache, as far as they fit. */
export function warmCache({ settings, views, cache }: Simulator): void {
  const { warmLimit } = settings;
  if (warmLimit === 0) return;
  const view = views.events({ sessionId: null, type: null });
  let bytes = 0;
  for (let start = 0; start < view.count && bytes < settings.cacheBytes; start += warmLimit) {
    const { page } = cache.page(view, start, Math.min(start + warmLimit, view.count));
    bytes += page.rows.length;
  }
}

/** One request being answered. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Name of the route, for the statistics. */
  readonly endpoint: string;
  /** The last part of the path where the route has one, else empty. */
  readonly id: string;
  readonly requestId: string;
  /** Epoch ms by a clock that never goes back, before any skew. */
  readonly arrivedAtMs: number;
  /** The server's clock: `arrivedAtMs` with its skew. */
  readonly serverNowMs: number;
  /** From arrival to answer; 0 until the gate has let the request in, as are the next two empty. */
  readonly latencyMs: number;
  readonly plan: FaultPlan;
  readonly limitHeaders: Readonly<Record<string, string>>;
}

/** Epoch ms with fractions; steps of the system clock do not show. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now();
}
