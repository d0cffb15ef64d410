/** `resources` and `resource_defaults` of a source file: what is read, and how it is stored. */
import * as z from 'zod/mini';
import { CURSOR_TYPES } from '../../protocol/record-target.js';
import {
  anyText,
  block,
  cursorScalar,
  duration,
  flag,
  hint,
  httpStatus,
  listOf,
  namedJson,
  namedTexts,
  oneOf,
  takes,
  text,
  textOrList,
} from './field-kinds.js';
import { paginatorShape } from './paginator-shape.js';

const COLUMN_TYPES = [
  ...(['text', 'bigint', 'double', 'bool', 'timestamp', 'date'] as const),
  ...(['time', 'decimal', 'json', 'binary'] as const),
] as const;

const columnFields = {
  data_type: z.nullish(oneOf(...COLUMN_TYPES)),
  nullable: z.nullish(flag),
  primary_key: z.nullish(flag),
  ...{ precision: hint, scale: hint, timezone: hint, description: hint, variant: hint },
  ...{ partition: hint, cluster: hint, unique: hint, sort: hint, merge_key: hint },
  ...{ row_key: hint, parent_key: hint, root_key: hint, hard_delete: hint, dedup_sort: hint },
  incremental: hint,
};
const namedColumn = block({ name: text, ...columnFields });
const columnsShape = z.union(
  [
    listOf(namedColumn, 'columns'),
    z.record(
      z.string(),
      block({ name: z.nullish(text), ...columnFields }),
      takes('a block of columns'),
    ),
  ],
  takes('a block of columns, or a list of them'),
);

const LAG_WORDS = takes('a number of 0 or more, or a duration such as 10m');
/** Of `endpoint`, and of a parameter with `type: incremental`. */
const incrementalFields = {
  cursor_path: text,
  initial_value: z.nullish(cursorScalar),
  end_value: z.nullish(cursorScalar),
  lag: z.nullish(
    z.union([z.number(LAG_WORDS).check(z.minimum(0, 'takes 0 or more')), duration], LAG_WORDS),
  ),
  row_order: z.nullish(oneOf('asc', 'desc')),
  cursor_type: z.nullish(oneOf(...CURSOR_TYPES)),
  datetime_format: z.nullish(text),
  last_value_func: z.nullish(oneOf('max')),
  ...{ primary_key: hint, allow_external_schedulers: hint, on_cursor_value_missing: hint },
  ...{ range_start: hint, range_end: hint },
};
const incrementalShape = block({
  start_param: z.nullish(text),
  end_param: z.nullish(text),
  ...incrementalFields,
});
const incrementalParam = block({ type: z.literal('incremental'), ...incrementalFields });
const resolveParam = block({ type: z.literal('resolve'), resource: text, field: text });

const PARAM_WORDS = takes('a value, a list of values, or a block with type incremental or resolve');
const scalar = z.union(
  [anyText, z.number(PARAM_WORDS), z.boolean(PARAM_WORDS), z.null(PARAM_WORDS)],
  PARAM_WORDS,
);
const paramShape = z.union(
  [
    scalar,
    z.array(scalar, PARAM_WORDS),
    z.discriminatedUnion('type', [incrementalParam, resolveParam], PARAM_WORDS),
  ],
  PARAM_WORDS,
);

const STATUS_WORDS = takes('an HTTP status');
const responseActionShape = block({
  status_code: z.nullish(
    z.union(
      [httpStatus, z.string(STATUS_WORDS).check(z.regex(/^[1-5]\d\d$/, 'takes an HTTP status'))],
      STATUS_WORDS,
    ),
  ),
  content: z.nullish(text),
  action: oneOf('ignore', 'retry', 'fail', 'raise', 'error'),
});

const endpointBlock = block({
  path: z.nullish(anyText),
  method: z.nullish(oneOf('GET', 'POST', 'get', 'post')),
  params: z.nullish(z.record(z.string(), paramShape, takes('a block of names and values'))),
  json: z.nullish(namedJson),
  headers: z.nullish(namedTexts),
  data_selector: z.nullish(text),
  paginator: z.nullish(paginatorShape),
  response_actions: z.nullish(listOf(responseActionShape, 'actions')),
  incremental: z.nullish(incrementalShape),
});
const endpointShape = z.union([text, endpointBlock], takes('a path, or a block of fields'));

const writeDisposition = z.union(
  [
    oneOf('append', 'merge', 'replace'),
    block({
      disposition: oneOf('append', 'merge', 'replace'),
      strategy: z.nullish(oneOf('upsert', 'delete-insert')),
      deduplicated: hint,
    }),
  ],
  takes('append, merge or replace'),
);

const resourceFields = {
  table_name: z.nullish(text),
  primary_key: z.nullish(textOrList),
  write_disposition: z.nullish(writeDisposition),
  columns: z.nullish(columnsShape),
  include_from_parent: z.nullish(listOf(text, 'texts')),
  selected: z.nullish(flag),
  merge_key: z.nullish(textOrList),
  ...{ max_table_nesting: hint, parent: hint, parent_table_name: hint, schema_contract: hint },
  ...{ table_format: hint, file_format: hint, references: hint, nested_hints: hint },
  ...{ parallelized: hint, row_order: hint },
};
const resourceBlock = block({
  name: text,
  endpoint: z.nullish(endpointShape),
  ...resourceFields,
});

export const resourceShape = z.union(
  [text, resourceBlock],
  takes('the name of a resource, or a block of fields'),
);
/** Whatever a resource may have but its name: an endpoint as a text would be the path of all. */
export const resourceDefaultsShape = block({
  endpoint: z.nullish(endpointBlock),
  ...resourceFields,
});

export type ResourceBlock = z.infer<typeof resourceBlock>;
export type ResourceFields = z.infer<typeof resourceShape>;
export type ResourceDefaults = z.infer<typeof resourceDefaultsShape>;
export type EndpointFields = z.infer<typeof endpointBlock>;
export type IncrementalFields = z.infer<typeof incrementalShape>;
export type ColumnsFields = z.infer<typeof columnsShape>;
