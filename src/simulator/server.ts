/**
 * The simulator's server: takes requests, lets the gate decide, hands them to their route.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaultPlan } from './faults.js';
import type { Admission } from './gate.js';
import { unitDraw } from './hash.js';
import { NO_SUCH_ENDPOINT, sendError, sendWhole } from './http.js';
import { limitHeaders, nonsenseLimitHeaders, wholeSeconds } from './limit-headers.js';
import type { LimitVerdict } from './limiter.js';
import { ROUTES, type Route, type Services } from './routes.js';
import type { SimulatorSettings } from './settings.js';
import {
  createSimulator,
  type Exchange,
  preciseNowMs,
  type Simulator,
  warmCache,
} from './simulator.js';
import type { SimulatorStats } from './stats.js';
import { SubmissionDesk } from './submissions.js';
import { uuidText } from './uuid.js';

/** As the live API's load balancer: an idle connection is kept for a minute. */
const KEEP_ALIVE_MS = 60_000;
const NO_FAULTS: FaultPlan = { answer: null, page: null, sides: new Set(), variant: 0 };

export interface SimulatorHandle {
  /** Scheme, host and port. */
  readonly origin: string;
  /** `origin` with `/api/v1`: what a client calls API_BASE_URL. */
  readonly baseUrl: string;
  readonly port: number;
  stats(): SimulatorStats;
  /** Cuts every connection and stops listening. May be called twice. */
  close(): Promise<void>;
}

/** Resolves once it listens. @throws the listen error (EADDRINUSE, EACCES) */
export async function startSimulator(settings: SimulatorSettings): Promise<SimulatorHandle> {
  const simulator = createSimulator(settings);
  warmCache(simulator);
  const services: Services = { simulator, submissions: new SubmissionDesk(simulator) };
  let requestCount = 0;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    handle(services, request, response, requestCount++).catch((error: Error) => {
      // A client that leaves while its request is read is its own business; anything else is a bug.
      if (!request.destroyed) process.emitWarning(`simulator: ${error.stack ?? error.message}`);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const origin = `http://${host}:${port}`;
  return {
    origin,
    baseUrl: `${origin}/api/v1`,
    port,
    stats: () => simulator.stats.snapshot(),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

async function handle(
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
  number: number,
): Promise<void> {
  const { simulator } = services;
  const arrivedAtMs = preciseNowMs();
  const url = readUrl(request.url ?? '/');
  const found = findRoute(request.method, url.pathname);
  const exchange: Exchange = {
    request,
    response,
    url,
    endpoint: found?.route.endpoint ?? 'unknown',
    id: found?.id ?? '',
    requestId: uuidText(simulator.requestWord, number),
    arrivedAtMs,
    serverNowMs: arrivedAtMs + simulator.settings.clockSkewMs,
    latencyMs: 0,
    plan: NO_FAULTS,
    limitHeaders: {},
  };
  if (found === null) {
    sendError(simulator, exchange, NO_SUCH_ENDPOINT);
    return;
  }
  const { route } = found;
  if (!route.needsKey) return route.serve(services, exchange);
  const headerKey = request.headers['x-api-key'];
  const admission = simulator.gate.admit({
    headerKey: typeof headerKey === 'string' ? headerKey : undefined,
    query: url.searchParams,
    bucket: route.bucket,
    nowMs: arrivedAtMs,
  });
  if (admission.type !== 'unauthorised') {
    services.submissions.noteRequest(arrivedAtMs);
    if (route.bucket !== null) simulator.stats.arrived(route.bucket, arrivedAtMs);
  }
  const admitted = letIn(simulator, exchange, route, admission);
  if (admitted !== null) await route.serve(services, admitted);
}

/** A path that is no URL leads nowhere. */
function readUrl(path: string): URL {
  const text = `http://simulator${path}`;
  return new URL(URL.canParse(text) ? text : 'http://simulator/unreadable');
}

function latencyOf({ settings, latencyWord }: Simulator, request: number): number {
  return settings.latencyMs + settings.latencyJitterMs * unitDraw(latencyWord, request);
}

function findRoute(
  method: string | undefined,
  path: string,
): { readonly route: Route; readonly id: string } | null {
  for (const route of ROUTES) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match !== null) return { route, id: (match[1] ?? '').toLowerCase() };
  }
  return null;
}

/** Answers those that are not let in; null for them. */
function letIn(
  simulator: Simulator,
  exchange: Exchange,
  route: Route,
  admission: Admission,
): Exchange | null {
  switch (admission.type) {
    case 'unauthorised': {
      const isMissing = admission.code === 'MISSING_API_KEY';
      const message = isMissing ? 'An API key is required' : 'The API key is not valid';
      sendError(simulator, exchange, {
        status: 401,
        error: 'Unauthorized',
        message,
        code: admission.code,
      });
      return null;
    }
    case 'refused':
      refuse(simulator, exchange, admission.verdict);
      return null;
    case 'admitted': {
      const { request, verdict } = admission;
      const plan = route.bucket === null ? NO_FAULTS : simulator.faults(route.bucket, request);
      const headers = announce(simulator, exchange, plan, verdict);
      return { ...exchange, latencyMs: latencyOf(simulator, request), plan, limitHeaders: headers };
    }
  }
}

function announce(
  simulator: Simulator,
  exchange: Exchange,
  plan: FaultPlan,
  verdict: LimitVerdict | null,
): Record<string, string> {
  if (plan.sides.has('missingLimitHeaders')) {
    simulator.stats.injected('missingLimitHeaders');
    return {};
  }
  if (plan.sides.has('nonsenseLimitHeaders')) {
    simulator.stats.injected('nonsenseLimitHeaders');
    return nonsenseLimitHeaders(plan.variant);
  }
  if (verdict === null) return {};
  return limitHeaders(simulator.settings.limitDialect, verdict, exchange.serverNowMs);
}

function refuse(simulator: Simulator, exchange: Exchange, verdict: LimitVerdict): void {
  const { quota, remaining, resetMs } = verdict;
  const reset = wholeSeconds(resetMs);
  const retryAfter = Math.max(1, reset);
  const body = {
    error: 'Too Many Requests',
    message: `Rate limit exceeded. Try again in ${retryAfter} seconds.`,
    code: 'RATE_LIMIT_EXCEEDED',
    rateLimit: { limit: quota, remaining, reset, retryAfter },
  };
  const headers = limitHeaders(simulator.settings.limitDialect, verdict, exchange.serverNowMs);
  const withHeaders = { ...exchange, limitHeaders: headers };
  sendWhole(simulator, withHeaders, {
    status: 429,
    body: JSON.stringify(body),
    headers:
      simulator.settings.limitDialect === 'none' ? {} : { 'Retry-After': String(retryAfter) },
  });
}
