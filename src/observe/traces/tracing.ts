/**
 * The OpenTelemetry SDK: sends spans over OTLP/HTTP. Loaded only where an endpoint is set.
 *
 * It reads its standard variables (OTEL_…) itself, so that all of them work as documented there;
 * src/config has put those of `.env` beside the process's own by then.
 *
 * Spans wait in a bounded queue and are dropped when it is full: a collector that is slow or away
 * costs spans, never time.
 */
import { DiagLogLevel, diag, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';

const NAME = 'datasync-ingestion';

export interface TracingOptions {
  readonly version: string;
  /** Put before that of the exporter. */
  readonly userAgent: string;
  /** Told of each variable that the SDK cannot use, and once of spans that were not delivered. */
  readonly onComplaint: (message: string) => void;
}

export class Tracing {
  readonly tracer: Tracer;
  readonly #provider: BasicTracerProvider;
  readonly #onComplaint: (message: string) => void;
  #hasComplained = false;

  constructor({ version, userAgent, onComplaint }: TracingOptions) {
    this.#onComplaint = onComplaint;
    // The SDK says what is wrong with a variable only here, and it says it while it is set up.
    diag.setLogger(complainingLogger(onComplaint), { logLevel: DiagLogLevel.WARN });
    const named = resourceFromAttributes({ 'service.name': NAME, 'service.version': version });
    const detected = detectResources({ detectors: [serviceInstanceIdDetector, envDetector] });
    this.#provider = new BasicTracerProvider({
      resource: defaultResource().merge(named).merge(detected),
      spanProcessors: [new BatchSpanProcessor(this.#watched(new OTLPTraceExporter({ userAgent })))],
    });
    diag.disable();
    this.tracer = this.#provider.getTracer(NAME, version);
  }

  /** Sends what is left, for at most `boundMs`. @returns whether all is sent, so that nothing hangs */
  async close(boundMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), boundMs);
    });
    const sent = this.#provider.shutdown().then(
      () => true,
      () => false,
    );
    const isSent = await Promise.race([sent, late]);
    clearTimeout(timer);
    if (!isSent) this.#complainOnce(`the last ones were not taken within ${boundMs} ms`);
    return isSent;
  }

  /** The exporter, and what became of its work. */
  #watched(exporter: OTLPTraceExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          // Zero is success.
          if (result.code !== 0) this.#complainOnce(reasonOf(result.error));
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
      forceFlush: () => exporter.forceFlush(),
    };
  }

  #complainOnce(reason: string): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#onComplaint(`spans are not delivered: ${reason}. The run does not wait for them`);
  }
}

/** The code and the words of an error: a refused connection has only a code, an HTTP status both. */
function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  const said = [error?.code, error?.message].filter((part) => part !== undefined && part !== '');
  return said.length === 0 ? 'no reason given' : said.join(' ');
}

function complainingLogger(complain: (message: string) => void) {
  const ignore = (): void => {};
  return { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore };
}
