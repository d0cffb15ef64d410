/**
 * The request of a stream: path, parameters, body and headers with the values that templates stand for.
 * Of `incremental` the values of the first run are sent, as dlt sends them there. Values of a parent differ
 * from page to page: their marks stay.
 */

import type { Json, StreamPlan } from '../plan.js';
import { nearestName } from '../resembling.js';
import type { FieldPath, FileNotes } from './file-note.js';
import type { MergedResource } from './merge-defaults.js';
import { isResolve, markOf } from './parents.js';
import { texts } from './plan-auth.js';
import { warnOfSecret } from './secret-names.js';
import { templateParts } from './templates.js';

export type RequestPlan = Pick<StreamPlan, 'method' | 'path' | 'params' | 'json' | 'headers'>;

/** Values by the names that templates use; null: the file gives none. */
type Values = Readonly<Record<string, Json>>;

const NO_INCREMENTAL = 'every run reads the whole stream: incremental runs are not supported yet';

export function planRequest(resource: MergedResource, notes: FileNotes): RequestPlan {
  const { endpoint, memberAt, endpointAt } = resource;
  const values = incrementalValues(resource, notes);
  const { path, bound } = bindPath(resource, values, notes);
  const params = paramValues(resource, notes)
    .filter(({ name, value }) => value !== null && !bound.has(name))
    .map(({ name, value }) => {
      const at = memberAt('params', name);
      warnOfSecret(name, value, at, notes);
      return [name, fill(value, values, at, notes)] as const;
    });
  const headers = Object.entries(texts(endpoint.headers)).map(([name, value]) => {
    const at = memberAt('headers', name);
    warnOfSecret(name, value, at, notes);
    return [name, String(fill(value, values, at, notes))] as const;
  });
  for (const [name, value] of Object.entries(endpoint.json ?? {})) {
    warnOfSecret(name, value, memberAt('json', name), notes);
  }
  return {
    method: endpoint.method?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    path,
    params: Object.fromEntries(params),
    json: fill(endpoint.json ?? null, values, endpointAt('json'), notes),
    headers: Object.fromEntries(headers),
  };
}

/** Those of `endpoint.incremental`; a parameter that is incremental has no templates. */
function incrementalValues({ endpoint, endpointAt }: MergedResource, notes: FileNotes): Values {
  const { incremental } = endpoint;
  if (incremental == null) return {};
  notes.warn(endpointAt('incremental'), NO_INCREMENTAL);
  const first = incremental.initial_value ?? null;
  return {
    'incremental.initial_value': first,
    'incremental.start_value': first,
    'incremental.last_value': first,
    'incremental.end_value': incremental.end_value ?? null,
  };
}

interface Param {
  readonly name: string;
  readonly value: Json;
}

function paramValues({ endpoint, memberAt }: MergedResource, notes: FileNotes): Param[] {
  const { incremental } = endpoint;
  const params = Object.entries(endpoint.params ?? {}).map(([name, value]) => {
    const isBlock = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isBlock) return { name, value };
    if (isResolve(value)) return { name, value: markOf(value.resource, value.field) };
    notes.warn(memberAt('params', name), NO_INCREMENTAL);
    return { name, value: value.type === 'incremental' ? (value.initial_value ?? null) : null };
  });
  const bounds = [
    { name: incremental?.start_param, value: incremental?.initial_value },
    { name: incremental?.end_param, value: incremental?.end_value },
  ];
  for (const { name, value } of bounds) {
    if (name != null) params.push({ name, value: value ?? null });
  }
  return params;
}

/** Plain names in a path are parameters, which are then sent nowhere else. */
function bindPath(resource: MergedResource, values: Values, notes: FileNotes) {
  const { endpoint, endpointAt, memberAt } = resource;
  const params = endpoint.params ?? {};
  const bound = new Set<string>();
  const parts = templateParts(endpoint.path, true) ?? [endpoint.path];
  const filled = parts.map((part) => {
    if (typeof part === 'string') return part;
    const { name } = part;
    const given = Object.hasOwn(params, name) ? params[name] : undefined;
    const value = isResolve(given) ? markOf(given.resource, given.field) : given;
    if (value === undefined || typeof value === 'object') {
      return String(named(name, values, endpointAt('path'), notes));
    }
    bound.add(name);
    return String(fill(value, values, memberAt('params', name), notes));
  });
  noteUnbound(resource, bound, notes);
  return { path: filled.join(''), bound };
}

/** As dlt has it: a parameter that is resolved is a part of the path. */
function noteUnbound(
  { endpoint, memberAt }: MergedResource,
  bound: ReadonlySet<string>,
  notes: FileNotes,
): void {
  for (const [name, value] of Object.entries(endpoint.params ?? {})) {
    if (!isResolve(value) || bound.has(name)) continue;
    const write = `write ${markOf(value.resource, value.field)} as its value to send it as a parameter`;
    notes.fault(memberAt('params', name), `{${name}} is not in the path`, write);
  }
}

function fill(value: Json, values: Values, at: FieldPath, notes: FileNotes): Json {
  if (typeof value === 'string') return fillText(value, values, at, notes);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((inner, index) => fill(inner, values, [...at, index], notes));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, fill(inner, values, [...at, name], notes)]),
  );
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function fillText(text: string, values: Values, at: FieldPath, notes: FileNotes): Json {
  const parts = templateParts(text, false);
  if (parts === null) return text;
  const [only] = parts;
  // A template that is the whole text keeps the kind of its value.
  if (parts.length === 1 && typeof only === 'object') return named(only.name, values, at, notes);
  return parts
    .map((part) => (typeof part === 'string' ? part : String(named(part.name, values, at, notes))))
    .join('');
}

function named(name: string, values: Values, at: FieldPath, notes: FileNotes): Json {
  if (/^resources\.[^.]+\../.test(name)) return `{${name}}`;
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value !== undefined && value !== null) return value;
  const shown = `{${name}}`;
  if (value === null) {
    const field = name.endsWith('end_value') ? 'end_value' : 'initial_value';
    notes.fault(at, `${shown} has no value; set incremental.${field}`);
  } else if (name.startsWith('incremental.')) {
    const near = nearestName(name, Object.keys(values));
    const suggestion = near === null ? null : `did you mean {${near}}?`;
    notes.fault(at, `${shown} has no value; it needs endpoint.incremental`, suggestion);
  } else if (name.includes('.')) {
    notes.fault(at, `${shown} is no template; they are {resources.NAME.FIELD}, {incremental.…}`);
  } else {
    notes.fault(at, `${shown} has no value; set it as endpoint.params.${name}`);
  }
  return '';
}
