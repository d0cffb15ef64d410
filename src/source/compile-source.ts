/**
 * A stream of a source file without a codec as the engine, the threads and the ledger take it.
 *
 *   SourcePlan ─┬─ request   URL, parameters and body of each page         (stream-request.ts)
 *               ├─ reading   records, where the page leads, refusals in it (answer-signs.ts)
 *               └─ target    table, key and columns
 */
import { statementOfCost } from '../core/declared-statements.js';
import { assert, type Fault } from '../core/fault.js';
import { childPages } from '../paging/child-pages.js';
import { instantForm } from '../paging/instant-form.js';
import { pathSteps } from '../paging/json-path.js';
import type { PageKind } from '../paging/page-kind.js';
import { pageKind } from '../paging/page-kinds.js';
import { END } from '../paging/ways.js';
import type { CursorPlace, RecordPath, WriterTarget } from '../protocol/record-target.js';
import { AnswerSigns } from './answer-signs.js';
import { withoutQuery } from './authentication.js';
import { type CursorScalar, instantOf, readCursorValue } from './cursor-value.js';
import { childWords, membersAdded } from './parent-members.js';
import { FULL_PASS, type Pass } from './pass.js';
import type { IncrementalPlan, SourcePlan, StreamPlan } from './plan.js';
import { columnOf, recordPath } from './record-path.js';
import type { CursorReading, RecordReading } from './record-reading.js';
import { passValues, withValues } from './request-values.js';
import { sealedKind } from './sealed-cursors.js';
import type { RecordSource } from './source.js';
import { streamRequest } from './stream-request.js';

/** Requests of all streams of a source share its limits. */
const BUCKET = 'requests';
/** Where a request names no size, so many records are expected of a page. */
const EXPECTED_RECORDS = 100;

export interface CompileOptions {
  /** Which part of the stream a run reads. @default all of it */
  readonly pass?: Pass;
  /** What a time window that ends now ends at, epoch ms. */
  readonly nowMs: number;
  /** No cursor shows them. */
  readonly secrets: readonly string[];
}

/** @param plan checked by the loader */
export function compileSource(
  plan: SourcePlan,
  streamName: string,
  compileOptions: CompileOptions,
): RecordSource {
  const { pass = FULL_PASS } = compileOptions;
  const planned = streamOf(plan, streamName);
  const stream = withWindows(withValues(planned, passValues(planned, pass)), pass);
  const kind = kindOf(plan, stream, compileOptions);
  const size = pageSizeOf(stream);
  const signs = new AnswerSigns(plan, stream);
  const requestFor = streamRequest(stream);
  return {
    ...nameOf(plan),
    stream: stream.name,
    parent: stream.parent,
    target: targetOf(stream, 'database'),
    ...{ pass, within: null, incremental: stream.incremental },
    bucket: BUCKET,
    pageLimitMax: size?.max ?? EXPECTED_RECORDS,
    defaultPolicy: null,
    paging: kind.paging,
    request(baseUrl, cursor, limit) {
      const records = size === null ? null : size.isFixed ? size.max : limit;
      const part = kind.request(cursor, records);
      const query = size?.param == null ? {} : { [size.param]: String(records) };
      return requestFor(baseUrl, { ...part, query: { ...query, ...part.query } });
    },
    readError: (refusal) => signs.faultOf(refusal),
    reading: readingOf(plan, stream, { kind, signs, size, pass }),
  };
}

export function streamOf(plan: SourcePlan, name: string): StreamPlan {
  const stream = plan.streams.find((one) => one.name === name);
  assert(stream !== undefined, `the source ${plan.name} has a stream ${name}`);
  return stream;
}

/** As messages name it. */
function nameOf({ name }: SourcePlan) {
  return { name, addressSetting: `base_url of the source file ${name}`, codec: null } as const;
}

function readingOf(
  plan: SourcePlan,
  stream: StreamPlan,
  parts: {
    readonly kind: PageKind;
    readonly signs: AnswerSigns;
    readonly size: PageSizePlan | null;
    readonly pass: Pass;
  },
): RecordReading {
  const { kind, signs, size, pass } = parts;
  const include = stream.parent?.include ?? [];
  const costs = plan.costs.map(({ requestPath, availablePath, maximumPath, restorePath }) => ({
    request: pathSteps(requestPath),
    available: pathSteps(availablePath),
    maximum: pathSteps(maximumPath),
    restore: restorePath === null ? null : pathSteps(restorePath),
  }));
  return {
    source: nameOf(plan),
    selector: stream.dataSelector === null ? null : pathSteps(stream.dataSelector),
    kind,
    needsObjects: stream.primaryKey.length > 0 || include.length > 0,
    addedTo: (cursor) => membersAdded(include, cursor),
    whose: (cursor) => childWords(stream.parent, cursor),
    cursor: cursorReadingOf(stream, pass),
    sizeOf: (limit) => (size === null ? null : size.isFixed ? size.max : limit),
    wayAfter: (refusal, cursor) =>
      signs.isIgnored(refusal) ? END : (kind.refused?.(refusal.status, cursor) ?? null),
    limitsIn: (json) => costs.flatMap((paths) => statementOfCost(paths, json) ?? []),
    readAnswer: (seen) => signs.faultIn(seen),
    withoutRecords: (json, status) => signs.withoutRecords(json, status),
    leadsNowhere: ({ reason, remedy = `Check the paginator of ${signs.where}` }): Fault => ({
      code: 'CONTRACT',
      message: `${signs.where}: the API ${reason}`,
      retryable: false,
      status: 200,
      remedy: `${remedy}: \`datasync source check\` shows what the API answers`,
    }),
  };
}

/** Where the newest come first whatever is asked for, the walk ends at what is older than its start. */
function cursorReadingOf(
  { incremental, paginator }: StreamPlan,
  { type, start }: Pass,
): CursorReading | null {
  if (incremental === null) return null;
  const { type: valueType, isNewestFirst } = incremental;
  const isBounded = type !== 'full' && isNewestFirst && paginator.type !== 'time_window';
  const from = isBounded && start !== null ? readCursorValue(start, valueType) : null;
  return { ...cursorPlaceOf(incremental), from };
}

function cursorPlaceOf({ cursorPath, type }: IncrementalPlan): CursorPlace {
  return { path: checkedRecordPath(cursorPath), type };
}

/** Windows of time go from the start of the pass to its end. */
function withWindows(stream: StreamPlan, { start, end }: Pass): StreamPlan {
  const { paginator, incremental } = stream;
  if (paginator.type !== 'time_window' || incremental === null) return stream;
  const form = instantForm(paginator.start);
  assert(form !== null, 'a time window starts at an instant');
  const { unitMs, write } = form;
  const at = (value: CursorScalar | null, toUnits: (count: number) => number) => {
    const ms = value === null ? null : instantOf(value, incremental.type);
    return ms === null ? null : write(toUnits(ms / unitMs) * unitMs);
  };
  return {
    ...stream,
    paginator: {
      ...paginator,
      start: at(start, Math.floor) ?? paginator.start,
      end: at(end, Math.ceil) ?? paginator.end,
    },
  };
}

function kindOf(
  { auth }: SourcePlan,
  stream: StreamPlan,
  { nowMs, secrets }: CompileOptions,
): PageKind {
  const { params, cursorTtlMs, donePath } = stream;
  const keyNames = auth?.type === 'api_key' && auth.location === 'query' ? [auth.name] : [];
  const keptLink = (url: string): string => withoutQuery(url, keyNames);
  const knowsRows = stream.primaryKey.length > 0;
  const options = { params, cursorTtlMs, nowMs, keptLink, donePath, knowsRows };
  const kind = sealedKind(pageKind(stream.paginator, options), secrets);
  return stream.parent === null ? kind : childPages(kind);
}

interface PageSizePlan {
  /** Null: the kind of paging sends it. */
  readonly param: string | null;
  readonly max: number;
  /** The place of a page depends on the size of those before it. */
  readonly isFixed: boolean;
}

function pageSizeOf({ pageSize, paginator }: StreamPlan): PageSizePlan | null {
  if (pageSize !== null) return { ...pageSize, isFixed: paginator.type === 'page_number' };
  if (paginator.type === 'offset') return { param: null, max: paginator.limit, isFixed: false };
  return null;
}

export function targetOf(stream: StreamPlan, reads: WriterTarget['reads']): WriterTarget {
  const { target, primaryKey, columns, timePath, incremental } = stream;
  const key = primaryKey.map((path) => {
    const names = checkedRecordPath(path);
    const name = columnOf(names);
    return { name, path: names, type: typeOf(stream, name), isNullable: false };
  });
  const keyNames = new Set(key.map(({ name }) => name));
  return {
    ...target,
    reads,
    key,
    disposition: stream.writeDisposition,
    timePath: timePath === null ? null : checkedRecordPath(timePath),
    cursor: incremental === null ? null : cursorPlaceOf(incremental),
    columns: columns
      .filter(({ name }) => !keyNames.has(name))
      .map(({ name, type, isNullable }) => ({ name, path: [name], type, isNullable })),
  };
}

function typeOf({ columns }: StreamPlan, name: string) {
  return columns.find((column) => column.name === name)?.type ?? null;
}

function checkedRecordPath(path: string): RecordPath {
  const names = recordPath(path);
  assert(names !== null, `${path} was checked when the file was loaded`);
  return names;
}
