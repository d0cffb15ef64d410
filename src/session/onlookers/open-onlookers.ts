/**
 * Who looks on at an ingestion from its first moment to its last: the HTTP server, alerts, traces. Each
 * is opened, and its code loaded, only where it is asked for.
 */
import type { SessionContext } from '../context.js';
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
 * Opens them, does the work, tells the alerts when it fails, and closes them.
 *
 * @throws UserError when the port is taken; what `work` throws
 */
export async function withOnlookers<T>(
  context: SessionContext,
  work: (onlookers: Onlookers) => Promise<T>,
): Promise<T> {
  // First of all: a port that is taken must cost no request and start no database.
  const front = await openFront(context);
  let alerts: RunAlerts | null = null;
  let traces: Traces | null = null;
  try {
    alerts = await openAlerts(context);
    traces = await openTraces(context);
    return await work({ front, alerts, traces });
  } catch (error) {
    alerts?.failed(error);
    throw error;
  } finally {
    const alertsSent = alerts?.finish();
    await front?.close();
    // Before the last words, which `main` says.
    context.settleLog();
    await traces?.close(alertsSent);
  }
}

async function openFront(context: SessionContext): Promise<HttpFront | null> {
  const { httpPort } = context.config;
  if (httpPort === null) return null;
  const { HttpFront } = await import('./http-front.js');
  return HttpFront.listen(context, { port: httpPort, isIngesting: true });
}

async function openAlerts(context: SessionContext): Promise<RunAlerts | null> {
  const { alerts } = context.config;
  if (alerts === null) return null;
  const { RunAlerts } = await import('./run-alerts.js');
  return new RunAlerts(context, alerts);
}
