/** Asks the API one harmless request: is it there, is it this API, and does it take the key? */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../../config/config.js';
import type { Fault } from '../../core/fault.js';
import { readLimitHeaders } from '../../core/limit-headers.js';
import { notThisApi, type Said, saidIn } from '../../explore/answer.js';
import type { PageResult, ResponseMeta } from '../../protocol/fetch-messages.js';
import { isLimitedBy } from '../../source/http-fault.js';
import type { EventSource } from '../../source/source.js';
import type { AccessToken } from '../access-token.js';
import { type Exchange, type Exchanged, httpTransport } from '../exchange.js';
import type { OpenSource } from '../open-source.js';
import { askPages } from './ask-pages.js';

const DEADLINE_MS = 10_000;

export type ApiCheck =
  | { readonly type: 'good'; readonly tookMs: number; readonly costsRequest: boolean }
  | { readonly type: 'fault'; readonly fault: Fault };

/** Whether the API is there, is this API, and takes the key. @param token of its access; null: it has none */
export function checkApi(
  opened: OpenSource,
  config: Config,
  token: AccessToken | null = null,
): Promise<ApiCheck> {
  const { spec } = opened;
  return spec.codec === null ? checkPage(opened, config, token) : checkEvents(opened, spec);
}

async function checkPage(
  opened: OpenSource,
  config: Config,
  token: AccessToken | null,
): Promise<ApiCheck> {
  let checked: ApiCheck = { type: 'fault', fault: lateFault() };
  const onPage = (result: PageResult): boolean => {
    checked =
      result.type === 'fault'
        ? { type: 'fault', fault: result.fault }
        : { type: 'good', tookMs: tookMs(result.head.meta), costsRequest: true };
    return false;
  };
  await askPages(opened, config, { pages: 1, limit: 1, token, onPage });
  return checked;
}

function tookMs({ sentAtMs, endAtMs }: ResponseMeta): number {
  return endAtMs - sentAtMs;
}

/**
 * Asks first what costs nothing of the limit. An API that has no such page, or says anything but yes
 * there, is asked for one record of the list: its verdict is what an ingestion would meet.
 */
async function checkEvents(opened: OpenSource, source: EventSource): Promise<ApiCheck> {
  const { origin, basePath, headers, proxies } = opened;
  const { addressSetting: setting } = source;
  const destination = { address: origin, isProxied: proxies !== null, setting };
  const transport = httpTransport(destination, 1, (options) => opened.openDispatcher(options));
  const ask = async (path: string): Promise<Exchanged> => {
    const done = new AbortController();
    const late = delay(DEADLINE_MS, null, { signal: done.signal }).catch(() => null);
    const exchanged = await Promise.race([transport.get(path, headers), late]);
    done.abort();
    return exchanged ?? { type: 'fault', fault: lateFault(), sentAtMs: 0 };
  };
  try {
    const freePath = source.codec.checkPath(basePath);
    const free = judge(source, freePath, await ask(freePath));
    // Who cannot be reached cannot be reached elsewhere either.
    if (free.type === 'good' || isUnreachable(free.fault)) return free;
    const path = source.pagePath(basePath, null, 1);
    const listed = judge(source, path, await ask(path));
    return listed.type === 'good' ? { ...listed, costsRequest: true } : listed;
  } finally {
    await transport.close();
  }
}

function judge(source: EventSource, path: string, exchanged: Exchanged): ApiCheck {
  if (exchanged.type === 'fault') return exchanged;
  const { exchange } = exchanged;
  if (exchange.status !== 200) {
    const { status, headAtMs } = exchange;
    const isLimited = isLimitedBy(readLimitHeaders(exchange.headers, headAtMs));
    const body = exchange.body.toString('utf8');
    const header = (name: string): string | null => exchange.headers[name] ?? null;
    return { type: 'fault', fault: source.readError({ status, body, isLimited, header }) };
  }
  return isPage(source, exchange)
    ? { type: 'good', tookMs: exchange.endAtMs - exchange.sentAtMs, costsRequest: false }
    : { type: 'fault', fault: notThisApi(source, saidBy(path, exchange), 'a page') };
}

function isPage(source: EventSource, exchange: Exchange): boolean {
  const { json } = saidBy('', exchange);
  if (typeof json !== 'object' || json === null) return false;
  const records = (json as Record<string, unknown>)[source.recordsField];
  return Array.isArray(records) && source.readEnvelope(json).type === 'envelope';
}

function saidBy(path: string, { status, body }: Exchange): Said {
  return saidIn(body, { path, status });
}

function isUnreachable({ code }: Fault): boolean {
  return code === 'NETWORK' || code === 'TIMEOUT' || code === 'ADDRESS';
}

function lateFault(): Fault {
  return {
    code: 'TIMEOUT',
    message: `no answer in ${DEADLINE_MS / 1000} s`,
    retryable: true,
    remedy: 'Check the address of the API and the network',
  };
}
