/** One HTTP exchange, timed: connections are kept, redirects are not followed. */
import { gunzipSync } from 'node:zlib';
import type { Agent, Dispatcher } from 'undici';
import type { Fault } from '../core/fault.js';
import { nowMs } from '../runtime/clock.js';
import { type Destination, networkFault } from '../source/network-fault.js';

/** What came back. Instants are epoch ms. */
export interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly sentAtMs: number;
  readonly headAtMs: number;
  readonly endAtMs: number;
  readonly wireBytes: number;
  /** Decompressed. */
  readonly body: Buffer;
}

export type Exchanged =
  | { readonly type: 'answer'; readonly exchange: Exchange }
  | { readonly type: 'fault'; readonly fault: Fault; readonly sentAtMs: number };

export interface Transport {
  /** GETs a path and query; never rejects. */
  get(path: string, headers: Readonly<Record<string, string>>): Promise<Exchanged>;
  close(): Promise<void>;
}

const HEAD_DEADLINE_MS = 30_000;
const IDLE_DEADLINE_MS = 10_000;
const BODY_BYTES_MAX = 64_000_000;

/** Opens the way to the API, once it is known how many requests there are at once. */
export type OpenDispatcher = (options: Agent.Options) => Dispatcher;

/** @param connections requests at once at most */
export function httpTransport(
  destination: Destination,
  connections: number,
  openDispatcher: OpenDispatcher,
): Transport {
  const { address: origin } = destination;
  const connect = { timeout: HEAD_DEADLINE_MS };
  const dispatcher = openDispatcher({ connections, pipelining: 1, connect });
  return {
    async get(path, headers) {
      const sentAtMs = nowMs();
      try {
        const response = await dispatcher.request({
          ...{ origin, path, method: 'GET', headers: { ...headers } },
          ...{ headersTimeout: HEAD_DEADLINE_MS, bodyTimeout: IDLE_DEADLINE_MS },
        });
        const headAtMs = nowMs();
        const wire = await readBody(response.body);
        const endAtMs = nowMs();
        const named = plainHeaders(response.headers);
        const isZipped = named['content-encoding'] === 'gzip';
        const body = isZipped ? gunzipSync(wire, { maxOutputLength: BODY_BYTES_MAX }) : wire;
        const times = { sentAtMs, headAtMs, endAtMs, wireBytes: wire.length };
        return {
          type: 'answer',
          exchange: { status: response.statusCode, headers: named, ...times, body },
        };
      } catch (error) {
        return { type: 'fault', fault: networkFault(error as Error, null, destination), sentAtMs };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

async function readBody(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`the body outgrew ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return plain;
}
