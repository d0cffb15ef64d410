/**
 * A stream of a source file with a codec: the file says where the API is, what a request holds, what a row is
 * and where it goes; the codec reads pages, cursors and refusals.
 */
import { assert } from '../core/fault.js';
import { CURSOR_LIFE_MAX_MS } from '../paging/chain-kind.js';
import { cursorChain } from '../paging/cursor-chain.js';
import type { Paging } from '../paging/paging.js';
import { placeCursor } from '../paging/place-cursor.js';
import type { SourceCodec } from './codec.js';
import { type CompileOptions, streamOf, targetOf } from './compile-source.js';
import { FULL_PASS } from './pass.js';
import type { SourcePlan, StreamPlan } from './plan.js';
import { recordPath } from './record-path.js';
import type { EventSource, RatePolicy } from './source.js';
import { streamRequest } from './stream-request.js';
import { stretchOfPass } from './stretch.js';

/** @param plan checked by the loader (file/check-codec.ts) */
export function compileEvents(
  plan: SourcePlan,
  streamName: string,
  { codec, pass = FULL_PASS }: CompileOptions & { readonly codec: SourceCodec },
): EventSource {
  const stream = streamOf(plan, streamName);
  const { primaryKey, timePath, dataSelector, pageSize, incremental, order } = stream;
  const cursorParam = cursorParamOf(stream);
  assert(pageSize !== null, 'the loader wants a page size');
  const requestFor = streamRequest(stream);
  const request: EventSource['request'] = (baseUrl, cursor, limit) => {
    const query = {
      [pageSize.param]: String(limit),
      ...(cursor !== null && { [cursorParam]: cursor }),
    };
    return requestFor(baseUrl, { query });
  };
  return {
    name: plan.name,
    addressSetting: codec.address.setting,
    stream: stream.name,
    parent: null,
    codec,
    target: targetOf(stream, 'worker'),
    ...{ pass, within: order === null ? null : stretchOfPass(incremental, pass), incremental },
    bucket: codec.bucket,
    pageLimitMax: pageSize.max,
    defaultPolicy: assumedPolicy(plan),
    paging: pagingOf(stream, codec),
    idField: fieldAt(primaryKey[0]),
    timestampField: fieldAt(timePath),
    recordsField: fieldAt(dataSelector),
    sizeParam: pageSize.param,
    request,
    pagePath: (basePath, cursor, limit) => request(basePath, cursor, limit).url,
    readEnvelope: (json) => codec.readEnvelope(json),
    readError: (refusal) => codec.readError(refusal, plan.credentials),
  };
}

/** The limit of the file holds until an answer tells of one. */
export function assumedPolicy({ limits }: SourcePlan): RatePolicy {
  const assumed = limits.find(({ quota }) => quota !== null);
  assert(assumed?.quota != null && assumed.windowMs !== null, 'the loader wants a limit');
  return { quota: assumed.quota, windowMs: assumed.windowMs };
}

function pagingOf({ order, cursorTtlMs }: StreamPlan, codec: SourceCodec): Paging {
  const cursorLifeMs = cursorTtlMs ?? CURSOR_LIFE_MAX_MS;
  return order === null
    ? cursorChain({ cursorLifeMs })
    : placeCursor({ cursorLifeMs, codec: codec.cursors });
}

function cursorParamOf({ paginator }: StreamPlan): string {
  assert(
    paginator.type === 'cursor' && paginator.place.in === 'query',
    'the loader wants a cursor',
  );
  return paginator.place.name;
}

function fieldAt(path: string | null | undefined): string {
  const name = recordPath(path ?? '')?.[0];
  assert(name !== undefined, 'the loader wants the path of one field');
  return name;
}
