/** An HTTP server on a free port that logs every request: the frame of all fixtures. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { preciseNowMs } from '../../../src/simulator/simulator.js';
import type { ApiRequest, JsonRecord } from './contract.js';

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Arrival, ms since the epoch. */
  readonly atMs: number;
  /** Null: nothing was to be proved, or nobody looked. */
  readonly isAuthorized: boolean | null;
  /** Name of the limit that refused it. */
  readonly refusedBy: string | null;
  /** Null until it is answered. */
  readonly status: number | null;
}

/** An entry of the log while its request is being answered. */
export type OpenEntry = { -readonly [field in keyof LoggedRequest]: LoggedRequest[field] };

export interface ApiServer<Stream extends string = string> {
  readonly origin: string;
  /** All that a stream holds now, in the API's order. */
  records(stream: Stream): readonly JsonRecord[];
  /** Every request so far. */
  readonly requests: readonly LoggedRequest[];
  /** Requests that a limit refused. */
  readonly refused: number;
  close(): Promise<void>;
}

export type LoggedListener = (
  request: IncomingMessage,
  response: ServerResponse,
  logged: OpenEntry,
) => void;

/** Listens on 127.0.0.1 with a log. */
export async function serve<Stream extends string>(
  listener: LoggedListener,
  records: ApiServer<Stream>['records'],
): Promise<ApiServer<Stream>> {
  const requests: LoggedRequest[] = [];
  const server = createServer((request, response) => {
    const logged: OpenEntry = {
      method: request.method ?? '',
      url: request.url ?? '',
      atMs: preciseNowMs(),
      isAuthorized: null,
      refusedBy: null,
      status: null,
    };
    requests.push(logged);
    // Earlier than `finish`: a client that has its answer must find it in the log.
    response.once('prefinish', () => {
      logged.status = response.statusCode;
    });
    listener(request, response, logged);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    records,
    requests,
    get refused() {
      return requests.filter(({ refusedBy }) => refusedBy !== null).length;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Reads a request to its end. @returns null where the client has gone before */
export async function readRequest(message: IncomingMessage): Promise<ApiRequest | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk);
  } catch {
    return null;
  }
  const { method = 'GET', url = '/', headers } = message;
  return {
    method,
    url: new URL(url, `http://${headers.host ?? '127.0.0.1'}`),
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
    nowMs: preciseNowMs(),
  };
}
