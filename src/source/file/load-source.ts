/**
 * Loads a source file: the text of a `RESTAPIConfig` in YAML or JSON, as dlt and PostHog have it, with our
 * block `x-ingestion`, becomes a plan, or the list of all that is wrong with it. Pure.
 */
import { LOADING_SUFFIX } from '../../protocol/record-target.js';
import type { PaginatorPlan, SourcePlan, StreamPlan } from '../plan.js';
import { nearestName } from '../resembling.js';
import { addressFault, trimAddress } from './base-url.js';
import { checkCodec } from './check-codec.js';
import { checkTexts } from './check-texts.js';
import { familyOf, takenResources } from './family.js';
import { type FileNote, FileNotes } from './file-note.js';
import { identifierFault } from './identifiers.js';
import { type MergedResource, mergeResource } from './merge-defaults.js';
import { planAuth, texts } from './plan-auth.js';
import { planLimits } from './plan-limits.js';
import { planPaginator } from './plan-paginator.js';
import { planStream } from './plan-stream.js';
import { readText } from './read-text.js';
import { warnOfSecret } from './secret-names.js';
import { credentialTexts } from './secrets.js';
import { noteShapeFaults } from './shape-faults.js';
import { isForeignBlock, type SourceFields, sourceShape } from './source-shape.js';
import { HINTS } from './special-fields.js';

export type LoadedSource =
  | {
      readonly type: 'loaded';
      readonly plan: SourcePlan;
      /** What changes nothing here, or is not done as the file says. */
      readonly warnings: readonly FileNote[];
    }
  | {
      readonly type: 'faulty';
      /** All of them, in the order of the file. */
      readonly faults: readonly FileNote[];
      readonly warnings: readonly FileNote[];
    };

/** @param text the content of the file @param source.name its base name, which names schema and variables */
export function loadSource(text: string, source: { readonly name: string }): LoadedSource {
  const read = readText(text);
  if (read.type === 'faulty') return { ...read, warnings: [] };
  const notes = new FileNotes(read.locate);
  checkTexts(read.value, notes);
  const shaped = sourceShape.safeParse(withoutForeignBlocks(read.value));
  if (!shaped.success) {
    noteShapeFaults(shaped.error.issues, read.value, notes);
    return { type: 'faulty', faults: notes.faults, warnings: notes.warnings };
  }
  const plan = planSource(shaped.data, source.name, notes);
  const { faults, warnings } = notes;
  return faults.length > 0
    ? { type: 'faulty', faults, warnings }
    : { type: 'loaded', plan, warnings };
}

function withoutForeignBlocks(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !isForeignBlock(name)));
}

function planSource(fields: SourceFields, name: string, notes: FileNotes): SourcePlan {
  const { client } = fields;
  warnOfHints(fields, [], notes);
  const fault = identifierFault(name);
  if (fault !== null) notes.fault([], `the name of the file, which names a schema, ${fault}`);
  const badAddress = addressFault(client.base_url);
  if (badAddress !== null) notes.fault(['client', 'base_url'], badAddress);
  const headers = texts(client.headers);
  for (const [header, value] of Object.entries(headers)) {
    warnOfSecret(header, value, ['client', 'headers', header], notes);
  }
  const auth = client.auth == null ? null : planAuth(client.auth, ['client', 'auth'], name, notes);
  const plan = {
    name,
    baseUrl: trimAddress(client.base_url),
    headers,
    auth,
    codec: fields['x-ingestion']?.codec ?? null,
    credentials: credentialTexts(auth),
    ...planLimits(fields['x-ingestion'] ?? {}, notes),
    streams: planStreams(fields, name, notes),
  };
  if (plan.codec !== null) checkCodec(plan, notes);
  return plan;
}

function planStreams(fields: SourceFields, sourceName: string, notes: FileNotes): StreamPlan[] {
  const resources = mergedResources(fields, notes);
  const ownFields = fields['x-ingestion']?.resources ?? {};
  const names = resources.map(({ name }) => name);
  for (const name of Object.keys(ownFields)) {
    if (names.includes(name)) continue;
    const near = nearestName(name, names);
    const suggestion = near === null ? null : `did you mean ${near}?`;
    notes.fault(['x-ingestion', 'resources', name], 'is the name of no resource', suggestion);
  }
  const family = familyOf(resources, ownFields, notes);
  const streams = takenResources(family, notes).map((resource) => {
    const own = Object.hasOwn(ownFields, resource.name) ? (ownFields[resource.name] ?? {}) : {};
    return planStream(resource, {
      ...{ sourceName, own, notes, family },
      paginator: () => clientPaginator(fields, notes),
      codec: fields['x-ingestion']?.codec ?? null,
    });
  });
  noteSharedTables(resources, streams, notes);
  return streams;
}

/** Of every endpoint that names none; without one, how the pages go on is found out. */
function clientPaginator({ client }: SourceFields, notes: FileNotes): PaginatorPlan {
  if (client.paginator == null) return { type: 'auto' };
  return planPaginator(client.paginator, ['client', 'paginator'], notes);
}

function mergedResources(fields: SourceFields, notes: FileNotes): MergedResource[] {
  const defaults = fields.resource_defaults ?? {};
  warnOfHints(defaults, ['resource_defaults'], notes);
  const resources = fields.resources.map((resource, index) => {
    if (typeof resource !== 'string') warnOfHints(resource, ['resources', index], notes);
    return mergeResource(resource, index, defaults);
  });
  const seen = new Set<string>();
  for (const { name, at } of resources) {
    if (seen.has(name)) notes.fault(at, `a resource named ${name} is there already`);
    seen.add(name);
  }
  if (!resources.some(({ fields: { selected } }) => selected !== false)) {
    notes.fault(['resources'], 'no resource is selected: nothing would be copied');
  }
  return resources;
}

/** `name` of a resource is no hint. */
function warnOfHints(block: object, at: readonly (string | number)[], notes: FileNotes): void {
  for (const [name, value] of Object.entries(block)) {
    const why = Object.hasOwn(HINTS, name) ? HINTS[name] : undefined;
    if (why === undefined || value == null || (name === 'name' && at.length > 0)) continue;
    notes.warn([...at, name], why);
  }
}

function noteSharedTables(
  resources: readonly MergedResource[],
  streams: readonly StreamPlan[],
  notes: FileNotes,
): void {
  const owners = new Map<string, string>();
  const tableOf = ({ schema, table }: StreamPlan['target'], suffix = ''): string =>
    JSON.stringify([schema, table + suffix]);
  for (const { name, target, writeDisposition } of streams) {
    if (writeDisposition === 'replace') owners.set(tableOf(target, LOADING_SUFFIX), name);
  }
  for (const { name, target } of streams) {
    const table = tableOf(target);
    const owner = owners.get(table);
    owners.set(table, owner ?? name);
    const at = resources.findLast((resource) => resource.name === name)?.at ?? ['resources'];
    if (owner === undefined || owner === name) continue;
    notes.fault(at, `${name} and ${owner} would be stored in one table; set table_name`);
  }
}
