/** Sends spans of the run where an OTLP endpoint is set; loads nothing of OpenTelemetry where none is. */
import { lendEnvironment } from '../config/environment.js';
import type { PageSpans, PageSpansParts } from '../observe/traces/page-spans.js';
import { nowMs } from '../runtime/clock.js';
import type { CommandContext } from './context.js';
import { VERSION } from './version.js';

/** What is left may take this long to send, at the end of the process. */
const CLOSE_MS = 2_000;

export interface Traces {
  /** @returns who is to be told what happens in the run; `end` is called when it is over */
  observe(run: Pick<PageSpansParts, 'run' | 'url'>): PageSpans;
  /** Called last of all: what still hangs then does not keep the process. */
  close(): Promise<void>;
}

/** @returns null where no endpoint is set */
export async function openTraces({ config, log }: CommandContext): Promise<Traces | null> {
  if (config.traces === null) return null;
  const complain = (message: string): void => log.warn({ event: 'traces' }, `traces: ${message}`);
  const { protocol, variables } = config.traces;
  if (protocol !== 'http/protobuf') {
    complain(`none are sent, for ${protocol} is not spoken here but http/protobuf`);
    return null;
  }
  lendEnvironment(variables);
  const { PageSpans } = await import('../observe/traces/page-spans.js');
  const { Tracing } = await import('../observe/traces/tracing.js');
  const tracing = new Tracing({ version: VERSION, onComplaint: complain });
  let spans: PageSpans | null = null;
  return {
    observe(run) {
      spans = new PageSpans({ ...run, tracer: tracing.tracer, nowMs });
      return spans;
    },
    async close() {
      spans?.end();
      if (await tracing.close(CLOSE_MS)) return;
      // A request that hangs would keep the process; this timer runs only while something does.
      setTimeout(() => process.exit(), 0).unref();
    },
  };
}
