/** A proposal of columns as YAML to paste, and as the SQL that fills them from rows that are there. Pure. */
import { stringify } from 'yaml';
import { formatCount } from '../../observe/eta.js';
import { kindsText } from '../../observe/field-change-words.js';
import { quoteIdentifier } from '../../postgres/stream-table.js';
import { SQL_TYPES, valueSql } from '../../postgres/value-sql.js';
import type { ColumnType } from '../../protocol/record-target.js';
import { commandText } from '../command-text.js';
import type { ColumnProposal, ProposedField } from './propose-columns.js';

const PLAIN_NAME = /^[\p{L}_][\p{L}\p{N}_ -]*$/u;

interface Column extends ProposedField {
  readonly type: ColumnType;
}

export function columnsOf({ fields }: ColumnProposal): Column[] {
  return fields.filter((field): field is Column => field.type !== null);
}

/** The block `columns` of the resource; comments say how many rows have each field, and why one gets no column. */
export function columnsYaml(proposal: ColumnProposal): string {
  const { rowsRead, fields } = proposal;
  const columns = columnsOf(proposal);
  const lines = columns.map((column) => {
    const nullable = column.filled < rowsRead ? ', nullable: true' : '';
    return [
      `  ${keyText(column.name)}: { data_type: ${column.type}${nullable} }`,
      wordsOf(column, rowsRead),
    ] as const;
  });
  const width = Math.max(0, ...lines.map(([text]) => text.length));
  const others = fields.filter(({ type }) => type === null);
  return [
    columns.length === 0 ? 'columns: {}' : 'columns:',
    ...lines.map(([text, words]) => `${text.padEnd(width)}  # ${words}`),
    ...others.map(({ name, reason }) => `  # ${keyText(name)} ${reason}`),
  ].join('\n');
}

/** A name as YAML has it, on one line: what would be a number or a flag is quoted. */
function keyText(name: string): string {
  return PLAIN_NAME.test(name) && stringify(name).trimEnd() === name ? name : JSON.stringify(name);
}

function wordsOf({ type, filled, kinds, isDeclared }: ProposedField, rowsRead: number): string {
  const share = filled === rowsRead ? 'in all' : `in ${shareText(filled, rowsRead)}`;
  const counts = Object.entries(kinds);
  // Numbers of both kinds, and texts of which some are instants, are of one type.
  const isMixed = type === 'text' && counts.some(([kind]) => kind !== 'text' && kind !== 'instant');
  const mixed = counts.map(([kind, count]) => `${formatCount(count)} ${kind}`).join(', ');
  return [
    share,
    ...(isMixed && counts.length > 1
      ? [`values disagree: ${mixed}`]
      : [kindsText(Object.keys(kinds))]),
    ...(isDeclared ? ['declared'] : []),
  ]
    .filter((text) => text !== '')
    .join('; ');
}

/** Rounded, but never so that some read as none or as all. */
function shareText(filled: number, rowsRead: number): string {
  if (filled === 0) return 'none';
  const percent = (100 * filled) / rowsRead;
  return percent < 1 ? 'less than 1 %' : `${Math.min(99, Math.round(percent))} %`;
}

/** Makes the columns, and fills them in rows that were there before. Null: there are none. */
export function columnsSql(proposal: ColumnProposal): string | null {
  const { table } = proposal;
  const columns = columnsOf(proposal);
  if (columns.length === 0) return null;
  const added = columns.map(
    ({ name, type }) => `  ADD COLUMN IF NOT EXISTS ${quoteIdentifier(name)} ${SQL_TYPES[type]}`,
  );
  const values = columns.map(({ name, type }) => valueSql([name], SQL_TYPES[type], 'data'));
  const names = columns.map(({ name }) => quoteIdentifier(name));
  return `ALTER TABLE ${table}
${added.join(',\n')};
-- A value that does not fit stops it, and no row is changed then.
UPDATE ${table} SET
${names.map((name, index) => `  ${name} = ${values[index]}`).join(',\n')}
WHERE (${names.join(', ')}) IS DISTINCT FROM
  (${values.join(',\n   ')});`;
}

/** What to do with it. */
export function columnsAdvice({ source, stream, table, merges }: ColumnProposal): string {
  const restart = commandText(source, `ingest --resource ${stream} --restart`);
  const filling = merges
    ? `${restart} fills them in rows whose records come again; for the others`
    : 'In rows that are there they are null:';
  return [
    `Put the columns under the resource ${stream}. The next run adds them to ${table} and fills them in the rows that it writes.`,
    `${filling} ${commandText(source, `columns --resource ${stream} --sql`)} prints what fills them.`,
    'A value that does not fit its column sends its record to quarantine: a sample shows only so much.',
  ].join('\n');
}
