/** Spans of a real run, as a collector gets them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { useAlertReceiver } from '../support/alert-receiver.js';
import {
  API_KEY,
  environmentFor,
  ledgerSums,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp-collector.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const receive = useAlertReceiver(() => [API_KEY]);

/** The bound at the end of a process is 2 s, the exporter's own 10: 8 s more. */
const LINGERED_MS_MAX = 5_000;

let collector: Collector | undefined;

afterEach(async () => {
  await collector?.close();
  collector = undefined;
});

async function collect(answer?: Parameters<typeof startCollector>[0]): Promise<Collector> {
  collector = await startCollector(answer);
  return collector;
}

function logged({ stderr }: Exit): Record<string, unknown>[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === 'traces_failed');
}

function named(spans: readonly CollectedSpan[], name: string): CollectedSpan[] {
  return spans.filter((span) => span.name === name);
}

describe('with an endpoint', () => {
  test('every committed page is a trace: its fetches, scan and write lie within it', async () => {
    const simulator = await simulate({ events: 12_500, htmlError: 0.3, htmlErrorBurst: 1 });
    const { origin, spans, requests } = await collect();
    const environment = environmentFor(simulator, database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: origin,
      RETRY_PAUSE: '0.05',
    });
    const startedAtMs = Date.now();
    const exit = await folder.run(['ingest', '--json'], environment);
    const endedAtMs = Date.now();
    expect(exit.code, exit.stderr).toBe(0);

    expect(requests.map(({ url }) => url)).toContain('/v1/traces');
    const { pages } = await ledgerSums(database.pool);
    expect(named(spans, 'page')).toHaveLength(pages);
    expect(named(spans, 'scan')).toHaveLength(pages);
    expect(named(spans, 'write')).toHaveLength(pages);
    const fetches = named(spans, 'fetch');
    expect(fetches).toHaveLength(simulator.stats().eventsArrivalsMs.length);

    const failed = fetches.filter(({ status }) => status.code === 2);
    expect(failed).toHaveLength(fetches.length - pages);
    expect(failed.length).toBeGreaterThan(0);
    for (const { attributes } of failed) {
      expect(attributes['error.type']).toBe('HTTP_STATUS');
      expect(attributes['http.response.status_code']).toBeGreaterThanOrEqual(502);
    }
    for (const span of spans) {
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
      expect(span.startMs).toBeGreaterThan(startedAtMs);
      expect(span.endMs).toBeLessThan(endedAtMs);
      if (span.name === 'page') continue;
      const root = named(spans, 'page').find(({ spanId }) => spanId === span.parentSpanId);
      expect(root?.traceId).toBe(span.traceId);
      expect(span.startMs).toBeGreaterThanOrEqual(root?.startMs ?? Number.NaN);
      expect(span.endMs).toBeLessThanOrEqual(root?.endMs ?? Number.NaN);
    }
    // The simulator answers after 10 ms at the soonest.
    for (const { startMs, endMs } of fetches) expect(endMs - startMs).toBeGreaterThan(9);
    expect(new Set(named(spans, 'page').map(({ traceId }) => traceId)).size).toBe(pages);
    const rows = named(spans, 'write').map(
      ({ attributes }) => attributes['datasync.rows.inserted'],
    );
    expect(rows.reduce<number>((sum, count) => sum + Number(count), 0)).toBe(12_500);
    expect(JSON.stringify(spans)).not.toContain(API_KEY);
    expect(JSON.stringify(spans)).not.toMatch(/cursor|[?]/i);
  });

  test('names, headers and attributes are those of the standard variables, from .env too', async () => {
    const simulator = await simulate({ events: 500 });
    const { origin, spans, requests } = await collect();
    writeFileSync(
      join(folder.path, '.env'),
      'OTEL_EXPORTER_OTLP_HEADERS=x-token=t0ken\nOTEL_SERVICE_NAME=nightly\n',
    );
    const environment = environmentFor(simulator, database, {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${origin}/elsewhere`,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    const exit = await folder.run(['ingest', '--json'], environment);
    expect(exit.code, exit.stderr).toBe(0);
    expect(requests).not.toHaveLength(0);
    for (const { url, headers } of requests) {
      expect(url).toBe('/elsewhere');
      expect(headers['x-token']).toBe('t0ken');
      expect(headers['content-type']).toBe('application/x-protobuf');
    }
    expect(spans[0]?.resource).toMatchObject({
      'service.name': 'nightly',
      'deployment.environment.name': 'test',
    });
    expect(exit.stderr).not.toContain('t0ken');
  });

  test('a sampler decides by page', async () => {
    const simulator = await simulate({ events: 500 });
    const { origin, spans } = await collect();
    const environment = environmentFor(simulator, database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: origin,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    expect((await folder.run(['ingest', '--json'], environment)).code).toBe(0);
    expect(spans).toEqual([]);
  });
});

describe('a collector that', () => {
  test('never answers does not keep the process longer than the bound, and is told of', async () => {
    const simulator = await simulate({ events: 500 });
    const { origin, spans } = await collect(() => {});
    const environment = environmentFor(simulator, database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: origin,
    });
    const exit = await folder.run(['ingest', '--json'], environment);
    expect(exit.code, exit.stderr).toBe(0);
    expect(exit.result).toMatchObject({ status: 'complete', eventsIngested: 500 });
    expect(spans).not.toHaveLength(0);
    expect(logged(exit)).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/not taken within 2000 ms/) },
    ]);
    expect(exit.lingeredMs).toBeLessThan(LINGERED_MS_MAX);
  });

  test('never answers does not cut off an alert that is still on its way', async () => {
    const simulator = await simulate({ events: 500 });
    const { origin } = await collect(() => {});
    let refuse = (): void => {};
    const receiver = await receive((response, posts) => {
      refuse = () => response.writeHead(503).end();
      if (posts > 1) response.end();
    });
    const child = folder.start(
      ['ingest', '--json'],
      environmentFor(simulator, database, {
        OTEL_EXPORTER_OTLP_ENDPOINT: origin,
        ALERT_WEBHOOK_URL: receiver.url,
      }),
    );
    await child.untilLog('traces_failed');
    // The spans are given up by now; the alert is tried again.
    refuse();
    const exit = await child.end();
    expect(exit.code, exit.stderr).toBe(0);
    expect(receiver.told()).toEqual(['trigger finished']);
    expect(exit.lingeredMs).toBeLessThan(LINGERED_MS_MAX);
  });

  test('refuses costs the run nothing but its spans, and is told of once', async () => {
    const simulator = await simulate({ events: 3_000 });
    const { origin } = await collect((response) => response.writeHead(401).end('who are you?'));
    const environment = environmentFor(simulator, database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: origin,
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '4',
    });
    const exit = await folder.run(['ingest', '--json'], environment);
    expect(exit.code, exit.stderr).toBe(0);
    expect(collector?.requests.length).toBeGreaterThan(1);
    expect(logged(exit)).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/not delivered: 401 Unauthorized/) },
    ]);
  });

  test('is spoken to in another protocol gets nothing, and that is said', async () => {
    const simulator = await simulate({ events: 500 });
    const { origin, requests } = await collect();
    const environment = environmentFor(simulator, database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: origin,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    });
    const exit = await folder.run(['ingest', '--json'], environment);
    expect(exit.code, exit.stderr).toBe(0);
    expect(requests).toEqual([]);
    expect(logged(exit)).toMatchObject([{ message: expect.stringMatching(/grpc/) }]);
  });
});

test('without an endpoint nothing of OpenTelemetry is loaded', async () => {
  const simulator = await simulate({ events: 500 });
  const { origin, spans } = await collect();
  const loadsSdk = /node_modules\/@opentelemetry\//;
  const quiet = environmentFor(simulator, database, {
    NODE_DEBUG: 'esm',
    OTEL_SERVICE_NAME: 'nightly',
  });
  const { code, stderr } = await folder.run(['ingest', '--json'], quiet);
  expect(code).toBe(0);
  expect(stderr).toContain('/chunks/ingest-');
  expect(stderr).not.toMatch(loadsSdk);
  // The control: with an endpoint it is loaded, and this is how that is seen.
  const traced = await folder.run(['ingest', '--json', '--restart'], {
    ...quiet,
    OTEL_EXPORTER_OTLP_ENDPOINT: origin,
  });
  expect(traced.stderr).toMatch(loadsSdk);
  expect(spans).not.toHaveLength(0);
});
