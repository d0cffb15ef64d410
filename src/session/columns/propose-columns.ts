/** Which columns the rows of a stream call for: those that its file declares, and one for each field that has values. */
import type { Config } from '../../config/config.js';
import { type RowSample, sampleRows } from '../../database/sample-rows.js';
import { tableOf } from '../../postgres/stream-table.js';
import type { ColumnType, WriterTarget } from '../../protocol/record-target.js';
import { targetOf } from '../../source/compile-source.js';
import { columnFault } from '../../source/file/identifiers.js';
import { OWN_COLUMNS } from '../../source/file/plan-columns.js';
import { type FieldValues, fieldValues } from '../../source/shape/column-values.js';
import { commandText } from '../command-text.js';
import type { OpenDatabase } from '../open-database.js';
import { UserError } from '../user-error.js';

/** A field at the top of the records. */
export interface ProposedField {
  readonly name: string;
  /** Of its column; null: it gets none. */
  readonly type: ColumnType | null;
  /** By the source file already. */
  readonly isDeclared: boolean;
  /** Records of the sample that have a value there. */
  readonly filled: number;
  /** How many of them are of which kind. */
  readonly kinds: FieldValues['kinds'];
  /** Why it gets no column; null: it gets one. */
  readonly reason: string | null;
}

export interface ColumnProposal {
  readonly source: string;
  readonly stream: string;
  /** As SQL names it. */
  readonly table: string;
  readonly rowsRead: number;
  /** By the planner's guess; null: all were read. */
  readonly tableRows: number | null;
  readonly merges: boolean;
  readonly fields: readonly ProposedField[];
}

/** There is nothing to tell it from. */
export interface NoProposal {
  /** In a sentence, with what to do. */
  readonly reason: string;
}

/**
 * @param config whose `stream` it is about
 * @throws UserError where the source cannot have columns; IngestionError
 */
export async function proposeColumns(
  { pool }: Pick<OpenDatabase, 'pool'>,
  config: Pick<Config, 'source' | 'stream' | 'target'>,
  rowsMax: number,
): Promise<ColumnProposal | NoProposal> {
  const { source, stream } = config;
  const target = requireTarget(config);
  const { qualified } = tableOf(target);
  const proposal = await sampleRows(
    pool,
    { qualified },
    {
      countMax: rowsMax,
      use: async (sample) => ({
        ...{ source, stream, table: qualified, rowsRead: sample.records.length },
        tableRows: sample.tableRows,
        merges: target.disposition === 'merge',
        fields: await fieldsOf(sample, target),
      }),
    },
  );
  if (proposal !== null && proposal.rowsRead > 0) return proposal;
  const why =
    proposal === null ? `There is no table ${qualified} yet` : `The table ${qualified} is empty`;
  return {
    reason: `${why}: ${commandText(source, 'ingest')} copies records into it, and ${commandText(source, 'preview')} shows some.`,
  };
}

/** @throws UserError where the source cannot have columns */
export function requireTarget({
  source,
  stream,
  target,
}: Pick<Config, 'source' | 'stream' | 'target'>): WriterTarget {
  const { plan } = target;
  if (plan.codec !== null) {
    throw new UserError(
      `${source} has no further columns: its codec ${plan.codec} fills the table. Its records are in the column data.`,
      'usage',
    );
  }
  const found = plan.streams.find(({ name }) => name === stream);
  if (found === undefined) throw new UserError(`${source} has no resource ${stream}.`, 'usage');
  return targetOf(found, 'database');
}

async function fieldsOf(sample: RowSample, target: WriterTarget): Promise<ProposedField[]> {
  const values = fieldValues(sample.records.map((text): unknown => JSON.parse(text)));
  const declared = new Map(target.columns.map(({ name, type }) => [name, type]));
  const fields: ProposedField[] = [];
  for (const { name, filled, kinds, candidates, inner } of values) {
    const given = declared.get(name) ?? null;
    const reason = given === null ? reasonFor(name, { filled, inner, kinds }, target) : null;
    const type = reason === null ? (given ?? (await sample.firstFitting(name, candidates))) : null;
    const why = type === null ? (reason ?? NO_TYPE) : null;
    fields.push({ ...{ name, type, filled, kinds }, isDeclared: given !== null, reason: why });
  }
  const seen = new Set(values.map(({ name }) => name));
  const unseen = target.columns.filter(({ name }) => !seen.has(name));
  return [
    ...fields,
    ...unseen.map(({ name, type }) => ({
      ...{ name, type, filled: 0, kinds: {}, isDeclared: true, reason: null },
    })),
  ];
}

const NO_TYPE = 'no type of a column takes all of its values';

/** @returns why a field that is not declared gets no column; null: it may get one */
function reasonFor(
  name: string,
  { filled, inner, kinds }: Pick<FieldValues, 'filled' | 'inner' | 'kinds'>,
  { key, timePath }: WriterTarget,
): string | null {
  const isKey = key.some(({ path }) => path.length === 1 && path[0] === name);
  if (isKey) return 'is a column of the key';
  if (timePath?.length === 1 && timePath[0] === name) return 'is in occurred_at';
  if (OWN_COLUMNS.has(name) || key.some((column) => column.name === name)) {
    return `stays in data: the table has another column named ${name}`;
  }
  const fault = columnFault(name);
  if (fault !== null) return `stays in data: its name ${fault}`;
  if (filled === 0) return 'has no value in these rows';
  if (kinds.object === undefined && kinds.list === undefined) return null;
  const named = inner.length === 0 ? '' : ` with ${inner.join(', ')}`;
  return kinds.object === undefined
    ? 'is a list: it stays in data; data_type json makes a column of it'
    : `is an object${named}: it stays in data; data_type json makes a column of it`;
}
