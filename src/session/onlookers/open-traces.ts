/** Sends spans of the run where an OTLP endpoint is set; loads nothing of OpenTelemetry where none is. */
import { lendEnvironment } from '../../config/environment.js';
import type { PageSpans, PageSpansParts } from '../../observe/traces/page-spans.js';
import { nowMs } from '../../runtime/clock.js';
import type { SessionContext } from '../context.js';
import { USER_AGENT, VERSION } from '../version.js';

/**
 * Spans are written out on the main thread: a batch of 512, the SDK's own default, held it for 44 ms the
 * first time and for 5 later.
 */
const BATCH_SPANS = '128';
/** What is left may take this long to send, at the end of the process. */
const CLOSE_MS = 2_000;

export interface Traces {
  /** @returns who is to be told what happens in the run; `end` is called when it is over */
  observe(run: Pick<PageSpansParts, 'run' | 'url'>): PageSpans;
  /**
   * Called last of all: a collector that hangs does not keep the process.
   *
   * @param others what may still keep it, though it is not waited for here
   */
  close(others?: Promise<void>): Promise<void>;
}

/** @returns null where no endpoint is set */
export async function openTraces({ config, log, lasting }: SessionContext): Promise<Traces | null> {
  if (config.traces === null) return null;
  const complain = (message: string): void =>
    log.warn({ event: 'traces_failed' }, `traces: ${message}`);
  const { protocol, variables } = config.traces;
  if (protocol !== 'http/protobuf') {
    complain(`none are sent, for ${protocol} is not spoken here but http/protobuf`);
    return null;
  }
  lendEnvironment({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: BATCH_SPANS, ...variables });
  const { PageSpans } = await import('../../observe/traces/page-spans.js');
  const { Tracing } = await import('../../observe/traces/tracing.js');
  const tracing = new Tracing({ version: VERSION, userAgent: USER_AGENT, onComplaint: complain });
  const spans: PageSpans[] = [];
  return {
    observe(run) {
      const ofRun = new PageSpans({ ...run, tracer: tracing.tracer, nowMs });
      spans.push(ofRun);
      return ofRun;
    },
    async close(others) {
      for (const ofRun of spans) ofRun.end();
      const isSent = await tracing.close(CLOSE_MS);
      // On a schedule the process goes on.
      if (isSent || lasting !== null) return;
      // The timer keeps nothing alive itself, and by then the exit code is set.
      const exitSoon = (): void => void setTimeout(() => process.exit(), 0).unref();
      void Promise.resolve(others).then(exitSoon, exitSoon);
    },
  };
}
