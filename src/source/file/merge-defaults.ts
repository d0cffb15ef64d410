/**
 * Resources in their long form, with `resource_defaults` merged in as dlt merges them: fields of the
 * resource win, `params` and `json` are merged name by name, `columns` column by column; everything else,
 * a paginator too, is taken whole from one of the two.
 */
import type { FieldPath } from './file-note.js';
import type {
  ColumnsFields,
  EndpointFields,
  ResourceBlock,
  ResourceDefaults,
  ResourceFields,
} from './resource-shape.js';

type Columns = readonly { readonly at: FieldPath; readonly fields: ColumnFields }[];
type ColumnFields = Extract<ColumnsFields, readonly unknown[]>[number];

export interface MergedResource {
  readonly name: string;
  /** Of the resource, for what no single field is to blame for. */
  readonly at: FieldPath;
  readonly fields: ResourceDefaults;
  readonly columns: Columns;
  /** It names what is asked for, and not the defaults alone. */
  readonly hasOwnEndpoint: boolean;
  readonly endpoint: EndpointFields & { readonly path: string };
  /** Where a field of it stands: in the resource, or in the defaults. */
  readonly fieldAt: (name: keyof ResourceDefaults) => FieldPath;
  readonly endpointAt: (name: keyof EndpointFields) => FieldPath;
  /** Where one name of `params`, `json` or `headers` stands. */
  readonly memberAt: (field: 'params' | 'json' | 'headers', name: string) => FieldPath;
}

const DEFAULTS = ['resource_defaults'] as const;

export function mergeResource(
  given: ResourceFields,
  index: number,
  defaults: ResourceDefaults,
): MergedResource {
  const at = ['resources', index];
  const own: ResourceBlock = typeof given === 'string' ? { name: given, endpoint: given } : given;
  const ownEndpoint = endpointBlock(own);
  const base = defaults.endpoint ?? {};
  const endpoint = {
    ...base,
    ...ownEndpoint,
    ...merged('params', base.params, ownEndpoint.params),
    ...merged('json', base.json, ownEndpoint.json),
    // A default path would be that of every resource: the name stands in for one that is left out.
    path: ownEndpoint.path ?? own.name,
  };
  const fieldAt = (name: string): FieldPath =>
    Object.hasOwn(own, name) ? [...at, name] : [...DEFAULTS, name];
  const endpointAt = (name: string): FieldPath => {
    if (name === 'path' && typeof given === 'string') return at;
    if (name === 'path' && typeof own.endpoint === 'string') return [...at, 'endpoint'];
    const isOwn = Object.hasOwn(ownEndpoint, name) || !Object.hasOwn(base, name);
    return [...(isOwn ? at : DEFAULTS), 'endpoint', name];
  };
  return {
    name: own.name,
    at,
    fields: { ...defaults, ...own, endpoint },
    hasOwnEndpoint: typeof given !== 'string' && given.endpoint != null,
    columns: mergeColumns([
      ...columnList(defaults.columns, [...DEFAULTS, 'columns']),
      ...columnList(own.columns, [...at, 'columns']),
    ]),
    endpoint,
    fieldAt,
    endpointAt,
    memberAt: (field, name) => {
      const isOwn = Object.hasOwn(ownEndpoint[field] ?? {}, name);
      return [...(isOwn ? at : DEFAULTS), 'endpoint', field, name];
    },
  };
}

function endpointBlock({ endpoint }: ResourceBlock): EndpointFields {
  return typeof endpoint === 'string' ? { path: endpoint } : (endpoint ?? {});
}

function merged<Value extends object>(
  name: 'params' | 'json',
  base: Value | null | undefined,
  own: Value | null | undefined,
): object {
  return own === undefined ? {} : { [name]: { ...base, ...own } };
}

function columnList(columns: ColumnsFields | null | undefined, at: FieldPath): Columns {
  if (columns == null) return [];
  if (Array.isArray(columns)) {
    return columns.map((fields, index) => ({ at: [...at, index], fields }));
  }
  return Object.entries(columns).map(([name, fields]) => ({
    at: [...at, name],
    fields: { ...fields, name },
  }));
}

/** Later ones win, field by field. */
function mergeColumns(columns: Columns): Columns {
  const byName = new Map<string, Columns[number]>();
  for (const { at, fields } of columns) {
    const before = byName.get(fields.name);
    byName.set(fields.name, { at, fields: { ...before?.fields, ...fields } });
  }
  return [...byName.values()];
}
