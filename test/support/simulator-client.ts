/** A simulator in this process, without latency or limits, and short ways to ask it. */
import { expect } from 'vitest';
import { type SimulatorHandle, startSimulator } from '../../src/simulator/server.js';
import { simulatorSettings } from '../../src/simulator/settings.js';

export const EVENTS = 12_000;
export const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NO_LIMITS = { eventsQuota: 0, sessionsQuota: 0, metricsQuota: 0, bulkQuota: 0 };
const AT_ONCE = { latencyMs: 0, latencyJitterMs: 0, events: EVENTS, ...NO_LIMITS };

export interface Page {
  readonly data: { readonly id: string; readonly type?: string; readonly sessionId?: string }[];
  readonly pagination: {
    readonly limit: number;
    readonly hasMore: boolean;
    readonly nextCursor: string | null;
    readonly cursorExpiresIn: number | null;
  };
  readonly meta: { readonly total: number; readonly returned: number; readonly requestId: string };
}

const started: SimulatorHandle[] = [];

/** Starts one with some knobs changed; `stopAll` ends it. */
export async function start(changes: Record<string, unknown> = {}): Promise<SimulatorHandle> {
  const simulator = await startSimulator(simulatorSettings.parse({ ...AT_ONCE, ...changes }));
  started.push(simulator);
  return simulator;
}

/** Ends all that `start` began. */
export async function stopAll(): Promise<void> {
  for (const simulator of started.splice(0)) await simulator.close();
}

/** A request with the right key, unless the options have another. */
export function ask(
  simulator: SimulatorHandle,
  path: string,
  options: RequestInit = {},
): Promise<Response> {
  const headers = { 'X-API-Key': 'simulator-key', ...(options.headers as object) };
  return fetch(`${simulator.origin}${path}`, { ...options, headers });
}

/** A page that must come with 200. */
export async function page(simulator: SimulatorHandle, path: string): Promise<Page> {
  const response = await ask(simulator, path);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

/** The code of an error body, which must have the form of the contract. */
export async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { error: string; message: string; code: string };
  expect(Object.keys(body).sort()).toEqual(['code', 'error', 'message']);
  return body.code;
}
