/** Settings of traces: where spans are sent. */
import * as z from 'zod/mini';
import type { Environment } from './environment.js';
import { httpUrl } from './setting-kinds.js';
import { setting } from './setting-text.js';

export const tracesSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(z.optional(httpUrl), {
    unset: 'no traces are sent',
    meaning:
      "Where a trace of each page is sent over OTLP/HTTP. OpenTelemetry's other `OTEL_…` variables count as well.",
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: setting(z.optional(httpUrl), {
    meaning: 'The same for traces alone. It wins over `OTEL_EXPORTER_OTLP_ENDPOINT`.',
  }),
};

/** How spans are sent. OpenTelemetry's SDK reads its variables itself, all of which are handed on. */
export interface TracesChoice {
  readonly protocol: string;
  /** OTEL_…; a header among them may be a secret. */
  readonly variables: Environment;
}

/** The names and their meanings are OpenTelemetry's. @returns null where none are to be sent */
export function tracesChoice(values: Environment): TracesChoice | null {
  const endpoint = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const isOff =
    values.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || values.OTEL_TRACES_EXPORTER === 'none';
  if (endpoint === undefined || isOff) return null;
  const protocol = values.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? values.OTEL_EXPORTER_OTLP_PROTOCOL;
  const variables = Object.entries(values).filter(([name]) => name.startsWith('OTEL_'));
  return { protocol: protocol ?? 'http/protobuf', variables: Object.fromEntries(variables) };
}
