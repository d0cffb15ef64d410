/**
 * Who looks on at an ingestion from its first moment to its last: the HTTP server, alerts, traces. Each
 * is opened, and its code loaded, only where it is asked for.
 */
import type { SessionContext } from '../context.js';
import type { AlertChannel } from './alert-channel.js';
import type { HttpFront } from './http-front.js';
import { openTraces, type Traces } from './open-traces.js';
import type { RunAlerts } from './run-alerts.js';

export interface Onlookers {
  /** Null without HTTP_PORT. */
  readonly front: HttpFront | null;
  /** Null without a webhook. */
  readonly alerts: RunAlerts | null;
  /** Null without an OTLP endpoint. */
  readonly traces: Traces | null;
}

/**
 * Opens them, does the work, tells the alerts when it fails, and closes them. What outlives the run is
 * taken as it is.
 *
 * @throws UserError when the port is taken; what `work` throws
 */
export async function withOnlookers<T>(
  context: SessionContext,
  work: (onlookers: Onlookers) => Promise<T>,
): Promise<T> {
  const { lasting } = context;
  // First of all: a port that is taken must cost no request and start no database.
  const front = lasting === null ? await openFront(context) : lasting.front;
  let channel: AlertChannel | null = null;
  let alerts: RunAlerts | null = null;
  let traces: Traces | null = null;
  try {
    channel = lasting === null ? await openChannel(context) : lasting.channel;
    alerts = await openAlerts(context, channel);
    traces = await openTraces(context);
    return await work({ front, alerts, traces });
  } catch (error) {
    alerts?.failed(error);
    throw error;
  } finally {
    alerts?.stop();
    const alertsSent = lasting === null ? channel?.finish() : undefined;
    if (lasting === null) await front?.close();
    // Before the last words, which `main` says.
    context.settleLog();
    await traces?.close(alertsSent);
  }
}

export async function openFront(
  context: SessionContext,
  command: 'ingest' | 'worker' = 'ingest',
): Promise<HttpFront | null> {
  const { httpPort } = context.config;
  if (httpPort === null) return null;
  const { HttpFront } = await import('./http-front.js');
  return HttpFront.listen(context, { port: httpPort, command });
}

export async function openChannel(context: SessionContext): Promise<AlertChannel | null> {
  const { alerts } = context.config;
  if (alerts === null) return null;
  const { AlertChannel } = await import('./alert-channel.js');
  return new AlertChannel(context, alerts);
}

async function openAlerts(
  context: SessionContext,
  channel: AlertChannel | null,
): Promise<RunAlerts | null> {
  if (channel === null) return null;
  const { RunAlerts } = await import('./run-alerts.js');
  return new RunAlerts(context, channel);
}
