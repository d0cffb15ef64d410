/** What the server alone can give: autocannon asks for one page again and again, and drops it. */
import autocannon from 'autocannon';
import { BenchError } from './bench-error.js';
import type { SimulatorProcess } from './processes.js';

const MEASURE_S = 2;
const TIMEOUT_S = 60;

export interface ServerRate {
  readonly pagesPerSecond: number;
  readonly eventsPerSecond: number;
}

/**
 * @param asked.limit events a page, all of which the server must have
 * @throws BenchError when the server refuses: it must be without a limit
 */
export async function measureServer(
  simulator: SimulatorProcess,
  asked: { readonly concurrency: number; readonly limit: number },
): Promise<ServerRate> {
  const startedAtMs = performance.now();
  const result = await autocannon({
    url: `${simulator.baseUrl}/events?limit=${asked.limit}`,
    connections: asked.concurrency,
    duration: MEASURE_S,
    headers: { ...simulator.headers, accept: 'application/json' },
    timeout: TIMEOUT_S,
    sampleInt: 10,
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  if (result.non2xx > 0 || result.errors > 0) {
    throw new BenchError(
      `the server alone: ${result.non2xx} answers were no page, ${result.errors} requests failed`,
    );
  }
  const pagesPerSecond = result['2xx'] / seconds;
  return { pagesPerSecond, eventsPerSecond: pagesPerSecond * asked.limit };
}
