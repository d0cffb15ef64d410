/**
 * The request of a stream: path, parameters, body and headers. Where a template stands for a value that only a
 * run knows, the plan has a slot; where for one of a parent, which differs from page to page, its mark stays.
 */

import type { IncrementalPlan, Json, RequestSlot, StreamPlan, TemplatePart } from '../plan.js';
import { nearestName } from '../resembling.js';
import type { FieldPath, FileNotes } from './file-note.js';
import type { MergedResource } from './merge-defaults.js';
import { isResolve, markOf } from './parents.js';
import { texts } from './plan-auth.js';
import { warnOfSecret } from './secret-names.js';
import { templateParts } from './templates.js';

export type RequestPlan = Pick<
  StreamPlan,
  'method' | 'path' | 'params' | 'json' | 'headers' | 'slots'
>;

const START = 'incremental.start_value';
const END = 'incremental.end_value';
/** Of the range that a run reads; `initial_value` is the file's own. */
const RUN_VALUES: readonly string[] = [START, 'incremental.last_value', END];
const INITIAL = 'incremental.initial_value';

export function planRequest(
  resource: MergedResource,
  incremental: IncrementalPlan | null,
  notes: FileNotes,
): RequestPlan {
  return new RequestPlanner(resource, incremental, notes).plan();
}

type SlotPath = RequestSlot['at'];

class RequestPlanner {
  readonly #resource: MergedResource;
  readonly #incremental: IncrementalPlan | null;
  readonly #notes: FileNotes;
  readonly #slots: RequestSlot[] = [];

  constructor(resource: MergedResource, incremental: IncrementalPlan | null, notes: FileNotes) {
    this.#resource = resource;
    this.#incremental = incremental;
    this.#notes = notes;
  }

  plan(): RequestPlan {
    const { endpoint, memberAt, endpointAt } = this.#resource;
    const { path, bound } = this.#bindPath();
    const params = this.#params()
      .filter(({ name, value }) => value !== null && !bound.has(name))
      .map(({ name, value }) => {
        const at = memberAt('params', name);
        warnOfSecret(name, value, at, this.#notes);
        return [name, this.#fill(value, ['params', name], at)] as const;
      });
    const headers = Object.entries(texts(endpoint.headers)).map(([name, value]) => {
      const at = memberAt('headers', name);
      warnOfSecret(name, value, at, this.#notes);
      return [name, String(this.#fill(value, ['headers', name], at))] as const;
    });
    for (const [name, value] of Object.entries(endpoint.json ?? {})) {
      warnOfSecret(name, value, memberAt('json', name), this.#notes);
    }
    return {
      method: endpoint.method?.toUpperCase() === 'POST' ? 'POST' : 'GET',
      path,
      params: { ...Object.fromEntries(params), ...this.#bounds() },
      json: this.#fill(endpoint.json ?? null, ['json'], endpointAt('json')),
      headers: Object.fromEntries(headers),
      slots: this.#slots,
    };
  }

  #params(): { readonly name: string; readonly value: Json }[] {
    return Object.entries(this.#resource.endpoint.params ?? {}).map(([name, value]) => {
      if (isResolve(value)) return { name, value: markOf(value.resource, value.field) };
      const isBlock = typeof value === 'object' && value !== null && !Array.isArray(value);
      return { name, value: isBlock ? null : value };
    });
  }

  /** The parameters that take the bounds of a run. */
  #bounds(): Record<string, Json> {
    const { startParam = null, endParam = null } = this.#incremental ?? {};
    const bounds = [
      [startParam, START],
      [endParam, END],
    ] as const;
    const named = bounds.filter(([param]) => param !== null);
    for (const [param, name] of named) {
      this.#slots.push({ at: ['params', param ?? ''], parts: [{ name }] });
    }
    return Object.fromEntries(named.map(([param]) => [param ?? '', null]));
  }

  /** Plain names in a path are parameters, which are then sent nowhere else. */
  #bindPath() {
    const { endpoint, endpointAt } = this.#resource;
    const params = endpoint.params ?? {};
    const bound = new Set<string>();
    const parts = (templateParts(endpoint.path, true) ?? [endpoint.path]).flatMap((part) => {
      if (typeof part === 'string') return [part];
      const { name } = part;
      const given = Object.hasOwn(params, name) ? params[name] : undefined;
      const value = isResolve(given) ? markOf(given.resource, given.field) : given;
      if (value === undefined || typeof value === 'object') return [part];
      bound.add(name);
      return templateParts(String(value), false) ?? [String(value)];
    });
    this.#noteUnbound(bound);
    return { path: String(this.#join(parts, ['path'], endpointAt('path'))), bound };
  }

  /** As dlt has it: a parameter that is resolved is a part of the path. */
  #noteUnbound(bound: ReadonlySet<string>): void {
    const { endpoint, memberAt } = this.#resource;
    for (const [name, value] of Object.entries(endpoint.params ?? {})) {
      if (!isResolve(value) || bound.has(name)) continue;
      const write = `write ${markOf(value.resource, value.field)} as its value to send it as a parameter`;
      this.#notes.fault(memberAt('params', name), `{${name}} is not in the path`, write);
    }
  }

  #fill(value: Json, slot: SlotPath, at: FieldPath): Json {
    if (typeof value === 'string') {
      const parts = templateParts(value, false);
      return parts === null ? value : this.#join(parts, slot, at);
    }
    if (typeof value !== 'object' || value === null) return value;
    if (isList(value)) {
      return value.map((inner, index) => this.#fill(inner, [...slot, index], [...at, index]));
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name,
        this.#fill(inner, [...slot, name], [...at, name]),
      ]),
    );
  }

  /** The text of a template, or the kind of its value where it is the whole text. */
  #join(parts: readonly TemplatePart[], slot: SlotPath, at: FieldPath): Json {
    const isWhole = parts.length === 1 && slot[0] !== 'path';
    const isOpen = (part: TemplatePart): boolean =>
      typeof part === 'object' && this.#isOfRun(part.name, isWhole, at);
    if (parts.some(isOpen)) {
      const known = parts.map((part) =>
        typeof part === 'string' || isOpen(part) ? part : String(this.#named(part.name, at)),
      );
      this.#slots.push({ at: slot, parts: known });
      return slot[0] === 'json' ? null : '';
    }
    const values = parts.map((part) =>
      typeof part === 'string' ? part : this.#named(part.name, at),
    );
    return isWhole ? (values[0] ?? '') : values.join('');
  }

  /** @param isWhole the value is left out where there is none */
  #isOfRun(name: string, isWhole: boolean, at: FieldPath): boolean {
    if (this.#incremental === null || !RUN_VALUES.includes(name)) return false;
    const { initialValue, endValue } = this.#incremental;
    const isMissing = (name === END ? endValue : initialValue) === null;
    if (isMissing && !isWhole) {
      const field = name === END ? 'end_value' : 'initial_value';
      this.#notes.fault(at, `{${name}} may have no value; set incremental.${field}`);
    }
    return true;
  }

  /** A value that the file gives. */
  #named(name: string, at: FieldPath): Json {
    if (/^resources\.[^.]+\../.test(name)) return `{${name}}`;
    const notes = this.#notes;
    const shown = `{${name}}`;
    const incremental = this.#incremental;
    if (name === INITIAL && incremental !== null) {
      if (incremental.initialValue !== null) return incremental.initialValue;
      notes.fault(at, `${shown} has no value; set incremental.initial_value`);
    } else if (name.startsWith('incremental.')) {
      const near = incremental === null ? null : nearestName(name, [...RUN_VALUES, INITIAL]);
      const suggestion = near === null ? null : `did you mean {${near}}?`;
      notes.fault(at, `${shown} has no value; it needs endpoint.incremental`, suggestion);
    } else if (name.includes('.')) {
      notes.fault(at, `${shown} is no template; they are {resources.NAME.FIELD}, {incremental.…}`);
    } else {
      notes.fault(at, `${shown} has no value; set it as endpoint.params.${name}`);
    }
    return '';
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
