/** Parts of statements that look at the rows of a page which are in the table. */
import { quoteIdentifier, triggerEvents } from '../../src/postgres/stream-table.js';
import type { TableShape } from './table-shape.js';

/** The rows of a page beside those of the table that have their keys. @param first their first parameter */
export const meeting = (shape: TableShape, first: number): string =>
  `${shape.given(first)} JOIN ${shape.qualified} AS kept ON ${sameKey(shape)}`;

export const sameKey = ({ key }: TableShape): string =>
  key.map((name) => `kept.${quoteIdentifier(name)} = given.${quoteIdentifier(name)}`).join(' AND ');

/** The rows of a page that carry its id. @param owner that id, as an SQL expression */
export const writtenRows = (shape: TableShape, first: number, owner: string): string =>
  `${shape.qualified} AS kept
  WHERE kept.page = ${owner}::integer
    AND EXISTS (SELECT FROM ${shape.given(first)} WHERE ${sameKey(shape)})`;

// Triggers may skip, change or delete rows that COPY and INSERT then count all the same, or not at
// all. So the count of a page is null where there are any: the ledger refuses that, and the page is
// written once more, with a look at what is there. None can appear while a page is being written.
export const hasTriggers = ({ qualified, merges }: TableShape): string => `EXISTS (
  SELECT FROM pg_trigger
  WHERE tgrelid IN (
      SELECT '${qualified.replaceAll("'", "''")}'::regclass
      UNION SELECT relid FROM pg_partition_tree('${qualified.replaceAll("'", "''")}')
    )
    AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & ${triggerEvents(merges)} <> 0
)`;
