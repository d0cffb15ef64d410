/**
 * Delivery: sends a good answer, or spoils it as the request's fault plan says.
 *
 * Latency counts from arrival and includes rendering. A fault replaces good answers only; a request
 * that is an error anyway is answered at once.
 */
import { apiHeaders, drained, JSON_TYPE, sendWhole, waitForClient } from './http.js';
import { type Exchange, preciseNowMs, type Simulator } from './simulator.js';

/** A good answer in two pieces: a large one that may be shared, and what is of this answer alone. */
export interface Answer {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const HTML_STATUSES = [
  [502, 'Bad Gateway'],
  [503, 'Service Temporarily Unavailable'],
  [504, 'Gateway Time-out'],
] as const;
const FILLER = Buffer.alloc(65_536, 'x');

/** @returns whether the answer went out whole and unspoilt */
export async function deliver(
  simulator: Simulator,
  exchange: Exchange,
  answer: Answer,
): Promise<boolean> {
  const { settings, stats } = simulator;
  const { response, plan } = exchange;
  const fault = plan.answer;
  if (fault !== null) stats.injected(fault);
  const waitMs = exchange.latencyMs - (preciseNowMs() - exchange.arrivedAtMs);
  const isThere = await waitForClient(response, waitMs);
  if (!isThere) {
    stats.answered(exchange.endpoint, 'none', 0);
    return false;
  }
  switch (fault) {
    case null:
      sendGood(simulator, exchange, answer, JSON_TYPE);
      return true;
    case 'wrongContentType':
      sendGood(simulator, exchange, answer, 'text/html');
      return true;
    case 'htmlError':
      sendHtml(simulator, exchange);
      return false;
    case 'redirect':
      sendWhole(simulator, exchange, {
        status: 302,
        body: '',
        headers: { Location: settings.redirectTo },
      });
      return false;
    case 'nullBody':
      sendWhole(simulator, exchange, { status: 200, body: 'null' });
      return false;
    case 'nonJsonBody':
      sendWhole(simulator, exchange, { status: 200, body: 'upstream connect error' });
      return false;
    case 'truncatedBody':
      sendCut(simulator, exchange, answer);
      return false;
    case 'reset':
      startBody(simulator, exchange, answer);
      response.write(firstHalf(answer), () => response.socket?.resetAndDestroy());
      return false;
    case 'stall':
      startBody(simulator, exchange, answer);
      response.write(firstHalf(answer));
      await waitForClient(response, settings.stallMs);
      response.destroy();
      return false;
    case 'stallHead':
      stats.answered(exchange.endpoint, 'none', 0);
      await waitForClient(response, settings.stallMs);
      response.destroy();
      return false;
    case 'hugeBody':
      await sendHuge(simulator, exchange, answer);
      return false;
  }
}

function startBody(
  simulator: Simulator,
  exchange: Exchange,
  answer: Answer,
  contentType = JSON_TYPE,
): void {
  const bytes = answer.head.length + answer.tail.length;
  simulator.stats.answered(exchange.endpoint, 200, bytes);
  exchange.response.writeHead(200, {
    ...apiHeaders(simulator, exchange),
    ...answer.headers,
    'Content-Type': contentType,
    'Content-Length': bytes,
  });
}

function sendGood(
  simulator: Simulator,
  exchange: Exchange,
  answer: Answer,
  contentType: string,
): void {
  const { response } = exchange;
  response.cork();
  startBody(simulator, exchange, answer, contentType);
  response.write(answer.head);
  response.end(answer.tail);
  response.uncork();
}

function firstHalf(answer: Answer): Buffer {
  const whole = Buffer.concat([answer.head, answer.tail]);
  return whole.subarray(0, Math.floor(whole.length / 2));
}

/** The length matches the cut: only the content tells that something is missing. */
function sendCut(simulator: Simulator, exchange: Exchange, answer: Answer): void {
  const whole = Buffer.concat([answer.head, answer.tail]);
  const { truncatedBodyBytes } = simulator.settings;
  const bytes =
    whole.length > truncatedBodyBytes ? truncatedBodyBytes : Math.floor(whole.length / 2);
  const cut = { ...answer, head: whole.subarray(0, bytes), tail: Buffer.alloc(0) };
  sendGood(simulator, exchange, cut, JSON_TYPE);
}

/** From a load balancer: HTML, and none of the API's own headers. */
function sendHtml(simulator: Simulator, exchange: Exchange): void {
  const index = Math.floor(exchange.plan.variant * HTML_STATUSES.length);
  const [status, reason] = HTML_STATUSES[index] ?? HTML_STATUSES[0];
  const body = `<html>\r\n<head><title>${status} ${reason}</title></head>\r\n<body>\r\n<center><h1>${status} ${reason}</h1></center>\r\n</body>\r\n</html>\r\n`;
  simulator.stats.answered(exchange.endpoint, status, body.length);
  exchange.response.writeHead(status, {
    Server: 'awselb/2.0',
    'Content-Type': 'text/html',
    'Content-Length': body.length,
  });
  exchange.response.end(body);
}

/** A page with a member that nobody asked for, of any size; as fast as the client takes it. */
async function sendHuge(simulator: Simulator, exchange: Exchange, answer: Answer): Promise<void> {
  const { response } = exchange;
  const isCompressed = 'Content-Encoding' in answer.headers;
  simulator.stats.answered(exchange.endpoint, 200, simulator.settings.hugeBodyBytes);
  response.writeHead(200, { ...apiHeaders(simulator, exchange), 'Content-Type': JSON_TYPE });
  response.write(isCompressed ? '{"data":[]' : answer.head);
  response.write(',"padding":"');
  for (let sent = 0; sent < simulator.settings.hugeBodyBytes; sent += FILLER.length) {
    if (response.destroyed || response.closed) return;
    if (!response.write(FILLER)) await drained(response);
  }
  response.write('"');
  response.end(isCompressed ? '}' : answer.tail);
}
