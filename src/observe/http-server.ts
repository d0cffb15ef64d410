/**
 * The HTTP server: dashboard, metrics, health. Reads and never changes anything; holds no secret.
 *
 *   /             the dashboard; /events its server-sent events
 *   /api/runs     runs of the ledger; /api/runs/N one of them with its report
 *   /metrics      Prometheus's text format
 *   /healthz      200 while the process lives; on a schedule with the instant of the next run
 *   /readyz       200 when it can do its work, else 503 with what is missing
 */
import { type AddressInfo, isIPv6 } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { EventStream, type StreamSource } from './event-stream.js';
import { KnownHosts } from './known-hosts.js';
import { readPageFiles } from './page-files.js';
import type { MetricsPage } from './registries.js';

/** What is well and what is not, by name; null: well. */
export type Readiness = Readonly<Record<string, string | null>>;

/** What the server shows. */
export interface HttpSource extends StreamSource {
  readonly registry: MetricsPage;
  /** A point of the history, once a second, watched or not. */
  tick(): void;
  readiness(): Promise<Readiness>;
  /** Of the schedule, epoch ms; null: there is none, or a run is at work. */
  readonly nextRunAtMs: number | null;
  /** Newest first. Rejects while the database cannot say. */
  runs(): Promise<readonly object[]>;
  /** Null: there is no such run. */
  report(run: number): Promise<object | null>;
}

export interface HttpAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Names by which it is reached besides loopback's and `host`. @default none */
  readonly allowedHosts?: readonly string[];
}

const TICK_MS = 1_000;
/** How long the last message may take to be read before connections are cut. */
const FAREWELL_MS = 250;

const PAGE_HEADERS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};
const DATA_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

export class HttpServer {
  readonly #app: FastifyInstance;
  readonly #stream: EventStream;
  readonly #ticker: NodeJS.Timeout;
  /** For a person on this machine; with the port that was taken. */
  readonly url: string;

  private constructor(app: FastifyInstance, source: HttpSource, stream: EventStream) {
    this.#app = app;
    this.#stream = stream;
    const address = app.server.address();
    this.url = typeof address === 'object' && address !== null ? urlOf(address) : '';
    this.#ticker = setInterval(() => {
      try {
        source.tick();
      } catch (error) {
        source.complain(error);
      }
      stream.publish();
    }, TICK_MS);
    this.#ticker.unref();
  }

  /** @throws the system's error when the address cannot be listened on (EADDRINUSE, EACCES …) */
  static async listen(address: HttpAddress, source: HttpSource): Promise<HttpServer> {
    const { host, port, allowedHosts = [] } = address;
    const stream = new EventStream(source);
    const app = fastify({ logger: false, forceCloseConnections: true });
    refuseStrangers(app, new KnownHosts({ host, allowed: allowedHosts }));
    addPage(app);
    addEvents(app, stream);
    addRuns(app, source);
    addMetrics(app, source);
    addHealth(app, source);
    app.setNotFoundHandler((_, reply) => send(reply.code(404), { error: 'there is no such page' }));
    app.setErrorHandler((error, _, reply) => {
      const { message } = error as Error;
      return send(reply.code(503), { error: message });
    });
    await app.listen({ host, port, backlog: 64 });
    return new HttpServer(app, source, stream);
  }

  /** Sends what has changed without waiting for the next tick. */
  publish(): void {
    this.#stream.publish();
  }

  /** Says goodbye to the pages that are open and frees the port. */
  async close(): Promise<void> {
    clearInterval(this.#ticker);
    const isWatched = this.#stream.listenerCount > 0;
    this.#stream.close();
    if (isWatched) await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    await this.#app.close();
  }
}

/** A server that listens on every address is reached by loopback, one of a single address there alone. */
export function urlOf({ address, port }: Pick<AddressInfo, 'address' | 'port'>): string {
  const host = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Before anything else: whoever asks by a strange name learns nothing, not even what there is. */
function refuseStrangers(app: FastifyInstance, hosts: KnownHosts): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    if (hosts.has(headers.host)) return undefined;
    const error = 'this server does not answer to that name: HTTP_ALLOWED_HOSTS lists further ones';
    return send(reply.code(421), { error });
  });
}

function addPage(app: FastifyInstance): void {
  for (const { path, type, body } of readPageFiles()) {
    app.get(path, (_, reply) => reply.headers(PAGE_HEADERS).type(type).send(body));
  }
}

function addEvents(app: FastifyInstance, stream: EventStream): void {
  app.get('/events', ({ headers }, reply) => {
    // A stream of another site takes the place of one of ours, and could not read it anyway.
    if (headers['sec-fetch-site'] === 'cross-site') {
      return send(reply.code(403), { error: 'not for pages of another site' });
    }
    reply.hijack();
    stream.add(reply.raw);
    return reply;
  });
}

function addRuns(app: FastifyInstance, source: HttpSource): void {
  app.get('/api/runs', async (_, reply) => send(reply, { runs: await source.runs() }));
  app.get<{ Params: { run: string } }>('/api/runs/:run', async ({ params }, reply) => {
    const isNumber = /^\d{1,9}$/.test(params.run);
    const report = isNumber ? await source.report(Number(params.run)) : null;
    if (report === null) return send(reply.code(404), { error: 'there is no such run' });
    return send(reply, report);
  });
}

function addMetrics(app: FastifyInstance, { registry }: HttpSource): void {
  app.get('/metrics', async (_, reply) =>
    reply
      .headers(DATA_HEADERS)
      .type(registry.contentType)
      .send(await registry.metrics()),
  );
}

function addHealth(app: FastifyInstance, source: HttpSource): void {
  app.get('/healthz', (_, reply) => {
    const { nextRunAtMs } = source;
    const next = nextRunAtMs === null ? {} : { nextRunAt: new Date(nextRunAtMs).toISOString() };
    return send(reply, { alive: true, ...next });
  });
  app.get('/readyz', async (_, reply) => {
    const readiness = await source.readiness();
    const isReady = Object.values(readiness).every((complaint) => complaint === null);
    const said = Object.entries(readiness).map(([part, complaint]) => [part, complaint ?? 'ok']);
    const body = { ready: isReady, ...Object.fromEntries(said) };
    return send(reply.code(isReady ? 200 : 503), body);
  });
}

function send(reply: FastifyReply, value: object): FastifyReply {
  return reply.headers(DATA_HEADERS).send(value);
}
