/** The endpoints: which path and method leads where, behind which limit. */
import { z } from 'zod';
import { deliver } from './deliver.js';
import type { Bucket } from './gate.js';
import { invalidBody, NO_BYTES, parseJson, readText, sendError, sendWhole } from './http.js';
import { answerPage } from './pages.js';
import type { Exchange, Simulator } from './simulator.js';
import type { SubmissionDesk } from './submissions.js';
import { answerTruth } from './truth.js';

const BULK_IDS_MAX = 100;
const BULK_BYTES_MAX = 1_048_576;
const bulkBody = z.object({ ids: z.array(z.string()).min(1).max(BULK_IDS_MAX) });

/** What a route needs to answer. */
export interface Services {
  readonly simulator: Simulator;
  readonly submissions: SubmissionDesk;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Its first group, if any, is the id. */
  readonly path: RegExp;
  /** Name for the statistics. */
  readonly endpoint: string;
  readonly needsKey: boolean;
  readonly bucket: Bucket | null;
  readonly serve: (services: Services, exchange: Exchange) => Promise<void> | void;
}

const MANIFEST = {
  name: 'DataSync Analytics API',
  version: '1.0.0',
  endpoints: { events: '/api/v1/events', sessions: '/api/v1/sessions', metrics: '/api/v1/metrics' },
  authentication: { method: 'API Key', header: 'X-API-Key' },
};

/** In order: the first that fits wins, so fixed paths stand before those with an id. */
export const ROUTES: readonly Route[] = [
  open('health', /^\/health$/, ({ simulator }, exchange) =>
    sendWhole(simulator, exchange, { status: 200, body: 'OK', contentType: 'text/plain' }),
  ),
  open('manifest', /^\/api\/v1\/?$/, ({ simulator }, exchange) =>
    sendWhole(simulator, exchange, { status: 200, body: JSON.stringify(MANIFEST) }),
  ),
  open('stats', /^\/__sim\/stats$/, ({ simulator }, exchange) =>
    sendWhole(simulator, exchange, {
      status: 200,
      body: JSON.stringify(simulator.stats.snapshot()),
    }),
  ),
  open('truth', /^\/__sim\/truth$/, ({ simulator }, exchange) => answerTruth(simulator, exchange)),
  limited('events', 'events', /^\/api\/v1\/events$/, ({ simulator }, exchange) =>
    answerPage(
      simulator,
      exchange,
      simulator.views.events({
        sessionId: exchange.url.searchParams.get('sessionId'),
        type: exchange.url.searchParams.get('type'),
      }),
    ),
  ),
  { ...limited('bulk', 'bulk', /^\/api\/v1\/events\/bulk$/, answerBulk), method: 'POST' },
  limited('event', 'events', /^\/api\/v1\/events\/([^/]+)$/, answerEvent),
  limited('sessions', 'sessions', /^\/api\/v1\/sessions$/, ({ simulator }, exchange) =>
    answerPage(simulator, exchange, simulator.views.sessions),
  ),
  limited('session', 'sessions', /^\/api\/v1\/sessions\/([^/]+)$/, answerSession),
  limited('metrics', 'metrics', /^\/api\/v1\/metrics$/, ({ simulator }, exchange) =>
    answerPage(simulator, exchange, simulator.views.metrics),
  ),
  keyed('POST', ({ submissions }, exchange) => submissions.submit(exchange)),
  keyed('GET', ({ submissions }, exchange) => submissions.list(exchange)),
];

function open(endpoint: string, path: RegExp, serve: Route['serve']): Route {
  return { method: 'GET', path, endpoint, needsKey: false, bucket: null, serve };
}

function limited(endpoint: string, bucket: Bucket, path: RegExp, serve: Route['serve']): Route {
  return { method: 'GET', path, endpoint, needsKey: true, bucket, serve };
}

function keyed(method: Route['method'], serve: Route['serve']): Route {
  const path = /^\/api\/v1\/submissions$/;
  return { method, path, endpoint: 'submissions', needsKey: true, bucket: null, serve };
}

async function answerEvent({ simulator }: Services, exchange: Exchange): Promise<void> {
  const place = simulator.dataset.events.placeOf(exchange.id);
  if (place === null) {
    sendError(simulator, exchange, {
      status: 404,
      error: 'Not Found',
      message: 'Event not found',
      code: 'EVENT_NOT_FOUND',
    });
    return;
  }
  const event = simulator.renderer.event(place, 0);
  const head = Buffer.concat([Buffer.from('{"data":'), event, Buffer.from('}')]);
  await deliver(simulator, exchange, { head, tail: NO_BYTES, headers: {} });
}

async function answerSession({ simulator }: Services, exchange: Exchange): Promise<void> {
  const { dataset, renderer } = simulator;
  const place = dataset.sessions.placeOf(exchange.id);
  if (place === null) {
    sendError(simulator, exchange, {
      status: 404,
      error: 'Not Found',
      message: 'Session not found',
      code: 'SESSION_NOT_FOUND',
    });
    return;
  }
  const head = Buffer.from(`{"data":${renderer.session(place)}}`, 'latin1');
  await deliver(simulator, exchange, { head, tail: NO_BYTES, headers: {} });
}

async function answerBulk({ simulator }: Services, exchange: Exchange): Promise<void> {
  const text = await readText(exchange.request, BULK_BYTES_MAX);
  const body = bulkBody.safeParse(text === null ? null : parseJson(text));
  if (!body.success) {
    sendError(
      simulator,
      exchange,
      invalidBody(`Body must be {ids: [...]} with 1 to ${BULK_IDS_MAX} ids`),
    );
    return;
  }
  const rows: string[] = [];
  for (const id of body.data.ids) {
    const place = simulator.dataset.events.placeOf(id);
    if (place !== null) rows.push(simulator.renderer.event(place, rows.length).toString('latin1'));
  }
  const meta = {
    requested: body.data.ids.length,
    returned: rows.length,
    requestId: exchange.requestId,
  };
  const head = Buffer.from(`{"data":[${rows.join(',')}],"meta":${JSON.stringify(meta)}}`, 'latin1');
  await deliver(simulator, exchange, { head, tail: NO_BYTES, headers: {} });
}
