/**
 * What a codec needs of its file, and what is its own matter: it reads pages and refusals itself, so that what
 * a file says of them would be passed over.
 */
import type { SourcePlan, StreamPlan } from '../plan.js';
import { columnOf, recordPath } from '../record-path.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { CODEC_TABLE } from './identifiers.js';

const AT = 'x-ingestion';

export function checkCodec(plan: SourcePlan, notes: FileNotes): void {
  const { codec, limits, throttle, expired, costs } = plan;
  const named = { throttle, expired };
  for (const [field, signs] of Object.entries(named)) {
    if (signs.length > 0)
      notes.fault([AT, field], `the codec ${codec} reads refusals; take it out`);
  }
  const [assumed, other] = limits.filter(({ quota }) => quota !== null);
  const isOfAll = assumed?.path === null && assumed.method === null && assumed.concurrency === null;
  if (!isOfAll || other !== undefined || costs.length > 0) {
    const message = `the codec ${codec} takes one limit with quota and window, which holds until an answer tells of another`;
    notes.fault([AT, 'limits'], message);
  }
  for (const stream of plan.streams) {
    const at = [AT, 'resources', stream.name];
    for (const message of faultsOf(stream)) notes.fault(at, `the codec ${codec} ${message}`);
    noteTarget(stream, [...at, 'target'], notes);
  }
}

function faultsOf(stream: StreamPlan): string[] {
  const { primaryKey, timePath, dataSelector, pageSize, paginator } = stream;
  const { columns, responseActions, donePath, writeDisposition, incremental, slots, parent } =
    stream;
  const isCursor = paginator.type === 'cursor' && paginator.place.in === 'query';
  return [
    ...(isCursor ? [] : ['needs the paginator cursor with a cursor_param']),
    ...(parent === null ? [] : ['reads no parents']),
    ...(pageSize === null ? ['needs page_size'] : []),
    ...(primaryKey.length === 1 && isField(primaryKey[0])
      ? []
      : ['needs a primary_key of one field at the top of the record']),
    ...(isField(timePath) ? [] : ['needs time, with the path of a field at the top of the record']),
    ...(isField(dataSelector) ? [] : ['needs data_selector, one field at the top of the page']),
    ...(writeDisposition !== 'append'
      ? ['leaves rows as they came first; take write_disposition out']
      : []),
    ...(columns.length > 0 ? ['makes no further columns; take them out'] : []),
    ...(responseActions.length > 0 ? ['reads refusals; take response_actions out'] : []),
    ...(incremental !== null && incremental.cursorPath !== timePath
      ? ['goes on by time; name its path as cursor_path']
      : []),
    ...(slots.length > 0 ? ['asks for a range by its cursors; take its bounds out'] : []),
    ...(donePath !== null ? ['reads where pages end; take done_path out'] : []),
  ];
}

function isField(path: string | null | undefined): boolean {
  return path != null && recordPath(path)?.length === 1;
}

/** The table that the migrations make has the columns that it has. */
function noteTarget({ target, primaryKey }: StreamPlan, at: FieldPath, notes: FileNotes): void {
  if (target.schema !== 'public' || target.table !== CODEC_TABLE) return;
  const column = columnOf(recordPath(primaryKey[0] ?? '') ?? []);
  if (column !== 'id') notes.fault(at, `public.${CODEC_TABLE} has the key id, not ${column}`);
}
