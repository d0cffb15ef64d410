/** Asks the API one harmless request: is it there, is it this API, and does it take the key? */
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../../core/fault.js';
import { readLimitHeaders } from '../../core/limit-headers.js';
import { notThisApi, readAnswer } from '../../explore/answer.js';
import { type Exchange, type Exchanged, httpTransport } from '../../explore/transport.js';
import { isLimitedBy } from '../../source/http-fault.js';
import type { Source } from '../../source/source.js';
import type { OpenSource } from '../open-source.js';

const DEADLINE_MS = 10_000;

export type ApiCheck =
  | { readonly type: 'good'; readonly tookMs: number; readonly costsRequest: boolean }
  | { readonly type: 'fault'; readonly fault: Fault };

/**
 * Asks first what costs nothing of the limit. An API that has no such page, or says anything but yes
 * there, is asked for one record of the list: its verdict is what an ingestion would meet.
 */
export async function checkApi(opened: OpenSource): Promise<ApiCheck> {
  const { spec: source, origin, basePath, headers } = opened;
  const transport = httpTransport(origin, 1, (options) => opened.openDispatcher(options));
  const ask = async (path: string): Promise<Exchanged> => {
    const done = new AbortController();
    const late = delay(DEADLINE_MS, null, { signal: done.signal }).catch(() => null);
    const exchanged = await Promise.race([transport.get(path, headers), late]);
    done.abort();
    return exchanged ?? { type: 'fault', fault: lateFault(), sentAtMs: 0 };
  };
  try {
    const freePath = source.checkPath?.(basePath);
    if (freePath !== undefined) {
      const free = judge(source, freePath, await ask(freePath));
      // Who cannot be reached cannot be reached elsewhere either.
      if (free.type === 'good' || isUnreachable(free.fault)) return free;
    }
    const path = source.pagePath(basePath, null, 1);
    const listed = judge(source, path, await ask(path));
    return listed.type === 'good' ? { ...listed, costsRequest: true } : listed;
  } finally {
    await transport.close();
  }
}

function judge(source: Source, path: string, exchanged: Exchanged): ApiCheck {
  if (exchanged.type === 'fault') return exchanged;
  const { exchange } = exchanged;
  if (exchange.status !== 200) {
    const { status, headAtMs } = exchange;
    const isLimited = isLimitedBy(readLimitHeaders(exchange.headers, headAtMs));
    const body = exchange.body.toString('utf8');
    return { type: 'fault', fault: source.readError({ status, body, isLimited }) };
  }
  return isPage(source, exchange)
    ? { type: 'good', tookMs: exchange.endAtMs - exchange.sentAtMs, costsRequest: false }
    : { type: 'fault', fault: notThisApi(answerOf(path, exchange), 'a page') };
}

function isPage(source: Source, exchange: Exchange): boolean {
  const { json } = answerOf('', exchange);
  if (typeof json !== 'object' || json === null) return false;
  const records = (json as Record<string, unknown>)[source.recordsField];
  return Array.isArray(records) && source.readEnvelope(json).type === 'envelope';
}

function answerOf(path: string, exchange: Exchange): ReturnType<typeof readAnswer> {
  const known = { bucket: '', path, limits: null, isAlone: true, acceptedGzip: false };
  return readAnswer(exchange, known);
}

function isUnreachable({ code }: Fault): boolean {
  return code === 'NETWORK' || code === 'TIMEOUT' || code === 'ADDRESS';
}

function lateFault(): Fault {
  return {
    code: 'TIMEOUT',
    message: `no answer in ${DEADLINE_MS / 1000} s`,
    retryable: true,
    remedy: 'Check API_BASE_URL and the network',
  };
}
