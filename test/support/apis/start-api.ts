/** Puts a contract behind a port: credentials, then limits, then faults, then its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { preciseNowMs } from '../../../src/simulator/simulator.js';
import type { ApiAnswer, ApiContract, ApiRequest, Headers } from './contract.js';
import type { ApiLimit } from './limits.js';
import { type ApiServer, type OpenEntry, readRequest, serve } from './serve.js';

/** Starts a server that keeps the contract, with the data, limits and faults of its options. */
export function startApi<Stream extends string>(
  contract: ApiContract<Stream>,
): Promise<ApiServer<Stream>> {
  const turns = { permitted: 0, pages: 0 };
  const handle = async (message: IncomingMessage, response: ServerResponse, logged: OpenEntry) => {
    const request = await readRequest(message);
    if (request === null || message.socket.destroyed) return;
    const open = contract.open?.(request) ?? null;
    if (open !== null) return send(response, open);
    logged.isAuthorized = contract.isAuthorized(request);
    if (!logged.isAuthorized) return send(response, contract.unauthorized);
    const verdict = admit(contract.limits, request);
    logged.refusedBy = verdict.refusedBy;
    if (verdict.refusal !== null) return send(response, verdict.refusal, verdict.headers);
    response.once('close', () => {
      for (const limit of verdict.entered) limit.leave(preciseNowMs());
    });
    const { latencyMs = 0, faults = {} } = contract.options;
    const turn = ++turns.permitted;
    if (latencyMs > 0) await delay(latencyMs);
    if (isTurn(turn, faults.failEvery)) return send(response, contract.failure, verdict.headers);
    const answer = contract.answer(request);
    if (isTurn(turn, faults.cutEvery)) return cut(response, answer);
    send(response, answer, verdict.headers);
    if (answer.status === 200) change(contract, ++turns.pages);
  };
  return serve(
    (message, response, logged) => void handle(message, response, logged),
    (stream) => contract.streams[stream].records,
  );
}

interface Verdict {
  readonly headers: Headers;
  readonly refusal: ApiAnswer | null;
  readonly refusedBy: string | null;
  /** The limits that count the request as in flight. */
  readonly entered: readonly ApiLimit[];
}

function admit(limits: readonly ApiLimit[], request: ApiRequest): Verdict {
  const entered: ApiLimit[] = [];
  let headers: Headers = {};
  for (const limit of limits) {
    const arrival = limit.arrive(request);
    if (arrival === null) continue;
    headers = { ...headers, ...arrival.headers };
    if (arrival.refusal !== null) {
      for (const earlier of entered) earlier.leave(request.nowMs);
      return { headers, refusal: arrival.refusal, refusedBy: limit.name, entered: [] };
    }
    entered.push(limit);
  }
  return { headers, refusal: null, refusedBy: null, entered };
}

function isTurn(turn: number, every: number | undefined): boolean {
  return every !== undefined && turn % every === 0;
}

function change<Stream extends string>(contract: ApiContract<Stream>, pages: number): void {
  for (const { afterPages, stream, add = 0, removeFirst = 0 } of contract.options.faults?.changes ??
    []) {
    if (afterPages !== pages) continue;
    contract.streams[stream].add(add);
    contract.streams[stream].removeFirst(removeFirst);
  }
}

function send(response: ServerResponse, answer: ApiAnswer, announced: Headers = {}): void {
  response.writeHead(answer.status, {
    ...announced,
    ...answer.headers,
    'Content-Length': Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

/** The announced length never arrives in full. */
function cut(response: ServerResponse, { status, headers, body }: ApiAnswer): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy());
}
