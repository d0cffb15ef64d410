/** The plan of one resource that is asked for. */
import type { Order } from '../../paging/paging.js';
import { LOADING_SUFFIX } from '../../protocol/record-target.js';
import type { IncrementalPlan, PaginatorPlan, ResponseAction, StreamPlan } from '../plan.js';
import type { CodecName } from '../registry.js';
import { boundsOf } from '../request-values.js';
import { readDuration } from './duration.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { targetFault } from './identifiers.js';
import type { StreamFields } from './ingestion-shape.js';
import type { MergedResource } from './merge-defaults.js';
import { checkPath, checkPathFields, checkRecordPath } from './paths.js';
import { type KeyPlan, planColumns, planKey } from './plan-columns.js';
import { planIncremental } from './plan-incremental.js';
import { planPaginator } from './plan-paginator.js';
import { type Family, planParent } from './plan-parent.js';
import { planRequest, type RequestPlan } from './plan-request.js';
import { endsInName } from './templates.js';

export interface StreamContext {
  readonly sourceName: string;
  /** Of the client. */
  readonly paginator: () => PaginatorPlan;
  /** Of `x-ingestion.resources`. */
  readonly own: StreamFields;
  readonly codec: CodecName | null;
  readonly family: Family;
  readonly notes: FileNotes;
}

/** @param resource that is no list of values */
export function planStream(resource: MergedResource, context: StreamContext): StreamPlan {
  const { own, notes } = context;
  const { endpoint, name } = resource;
  checkPaths(resource, context);
  const { param, max } = own.page_size ?? {};
  const incremental = planIncremental(resource, context.codec, notes);
  const request = planRequest(resource, incremental, notes);
  const pageSize =
    param === undefined || max === undefined ? null : { param, max: sentSize(request, param, max) };
  const isSingle = endsInName(endpoint.path);
  const key = planKey(resource, notes);
  const paginator = streamPaginator(resource, context);
  const order = planOrder(resource, key, context);
  const parent = planParent(resource, context);
  if (parent?.later === 'changed' && incremental !== null) {
    notes.fault(
      ['x-ingestion', 'resources', name, 'parents'],
      'changed reads all records of a changed parent; with incremental, what other parents have got meanwhile would be passed over',
    );
  }
  noteIncremental(resource, { ...request, incremental, paginator, order, ...key }, notes);
  const isTwice = paginator.type === 'time_window' && paginator.stepMs === null;
  if (isTwice && key.primaryKey.length === 0) {
    notes.warn(
      resource.endpointAt('paginator'),
      "without a primary_key, a record at the end of one window is stored again by the next where the API includes both ends: there set step in the paginator to the unit of the API's instants",
    );
  }
  return {
    name,
    parent,
    target: planTarget(resource, key, context),
    ...key,
    columns: planColumns(resource, notes),
    ...request,
    params: param === undefined ? request.params : without(request.params, param),
    incremental,
    dataSelector: endpoint.data_selector ?? (isSingle ? '$' : null),
    paginator,
    donePath: own.done_path ?? null,
    responseActions: planActions(resource, notes),
    timePath: own.time?.path ?? instantOfKey(key, incremental),
    pageSize,
    order,
    cursorTtlMs: own.cursor_ttl == null ? null : readDuration(own.cursor_ttl),
  };
}

/** What makes an incremental stream read too much, or show too little. */
function noteIncremental(
  { endpointAt, fieldAt }: MergedResource,
  stream: Parameters<typeof boundsOf>[0] & KeyPlan,
  notes: FileNotes,
): void {
  const { incremental, primaryKey, writeDisposition } = stream;
  if (incremental === null) return;
  if (writeDisposition === 'replace') {
    notes.fault(
      fieldAt('write_disposition'),
      'replace would put what is new in place of all rows; with incremental take append or merge',
    );
  }
  const at = endpointAt('incremental');
  if (!boundsOf(stream).start) {
    notes.warn(
      at,
      'asks the API for nothing: every run reads all of the stream. Name start_param, use {incremental.start_value}, or say row_order: desc where the newest records come first',
    );
  }
  if (primaryKey.length === 0) {
    notes.warn(
      at,
      'without a primary_key, records at the boundary of two runs are stored twice where the API includes it',
    );
  }
}

/** Of two versions of a row the one with the higher watermark is the newer. */
function instantOfKey(
  { writeDisposition }: KeyPlan,
  incremental: IncrementalPlan | null,
): string | null {
  if (writeDisposition !== 'merge' || incremental === null) return null;
  const { type, cursorPath } = incremental;
  return type === 'datetime' || type === 'date' || type === 'timestamp' ? cursorPath : null;
}

/** Cursors that a codec writes lead to places in it. */
function planOrder(
  { name }: MergedResource,
  { primaryKey }: KeyPlan,
  { own, codec, notes }: StreamContext,
): Order | null {
  const { order } = own;
  if (order == null) return null;
  const at = ['x-ingestion', 'resources', name, 'order'];
  if (codec === null) {
    notes.warn(at, 'changes nothing yet: the paginator alone says how a walk goes on');
    return null;
  }
  const by = [own.time?.path, ...primaryKey];
  const isNewestFirst =
    order.direction === 'desc' && [order.by].flat().join('\n') === by.join('\n');
  if (!isNewestFirst) {
    notes.fault(
      at,
      'takes the newest first: by the path of time, and then the key; direction desc',
    );
  }
  return 'newestFirst';
}

function checkPaths({ name, endpoint, endpointAt }: MergedResource, context: StreamContext): void {
  const { own, notes } = context;
  const ownAt = ['x-ingestion', 'resources', name];
  if (endpoint.data_selector != null) {
    checkPath(endpoint.data_selector, endpointAt('data_selector'), notes);
  }
  if (own.time != null) checkRecordPath(own.time.path, [...ownAt, 'time', 'path'], notes);
  checkPathFields(own, ownAt, notes);
}

/** A size that the file sends itself is smaller on purpose. */
function sentSize({ params }: RequestPlan, param: string, max: number): number {
  const sent = Number(params[param] ?? Number.NaN);
  return Number.isSafeInteger(sent) && sent > 0 ? Math.min(sent, max) : max;
}

function without<Value>(values: Readonly<Record<string, Value>>, name: string) {
  return Object.fromEntries(Object.entries(values).filter(([other]) => other !== name));
}

function streamPaginator(resource: MergedResource, context: StreamContext): PaginatorPlan {
  const { endpoint, endpointAt } = resource;
  if (endpoint.paginator != null) {
    return planPaginator(endpoint.paginator, endpointAt('paginator'), context.notes);
  }
  return endsInName(endpoint.path) ? { type: 'single_page' } : context.paginator();
}

function planTarget(
  resource: MergedResource,
  { writeDisposition }: KeyPlan,
  { own, codec, sourceName, notes }: StreamContext,
) {
  const { name, fields, fieldAt, at } = resource;
  const schema = own.target?.schema ?? sourceName;
  const table = own.target?.table ?? fields.table_name ?? name;
  const suffix = writeDisposition === 'replace' ? LOADING_SUFFIX : '';
  const fault = targetFault(schema, table, { hasCodec: codec !== null, suffix });
  if (fault !== null) notes.fault(targetAt(), `the table of ${name} ${fault}`);
  return { schema, table };

  function targetAt(): FieldPath {
    if (own.target != null) return ['x-ingestion', 'resources', name, 'target'];
    return fields.table_name == null ? at : fieldAt('table_name');
  }
}

const ACTIONS = {
  ignore: 'ignore',
  retry: 'retry',
  fail: 'fail',
  raise: 'fail',
  error: 'fail',
} as const;

function planActions({ endpoint, endpointAt }: MergedResource, notes: FileNotes): ResponseAction[] {
  return (endpoint.response_actions ?? []).map((given, index) => {
    const { status_code: status = null, content = null, action } = given;
    if (status === null && content === null) {
      notes.fault([...endpointAt('response_actions'), index], 'needs status_code or content');
    }
    return { status: status === null ? null : Number(status), content, action: ACTIONS[action] };
  });
}
