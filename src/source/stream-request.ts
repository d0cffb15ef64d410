/** The request for a page of a stream, from what its file says and what its kind of paging adds. */
import { bodyWith } from '../paging/body-values.js';
import { NumberText } from '../paging/json-text.js';
import type { RequestPart } from '../paging/page-kind.js';
import type { PageRequest } from '../protocol/page-request.js';
import { type StreamParts, streamParts } from './parent-values.js';
import type { StreamPlan } from './plan.js';

/** @returns makes one request. @param baseUrl without a slash at its end */
export function streamRequest(
  stream: StreamPlan,
): (baseUrl: string, part: RequestPart) => PageRequest {
  const partsFor = streamParts(stream);
  const { method } = stream;
  return (baseUrl, part) => {
    const own = partsFor(part.parent);
    return {
      method,
      url: part.url ?? urlOf(own, baseUrl, part.query ?? {}),
      headers: { ...own.headers },
      body: bodyText(method, own, part),
    };
  };
}

function urlOf(
  { path, params }: StreamParts,
  baseUrl: string,
  added: Readonly<Record<string, string>>,
): string {
  const address = /^https?:\/\//i.test(path) ? path : joined(baseUrl, path);
  const queryAt = address.indexOf('?');
  const pairs = [
    ...(queryAt === -1 ? [] : address.slice(queryAt + 1).split('&')),
    ...Object.entries(params).flatMap(([name, value]) =>
      name in added ? [] : valuesOf(value).map((one) => pair(name, one)),
    ),
    ...Object.entries(added).map(([name, value]) => pair(name, value)),
  ].filter((one) => one !== '');
  const bare = queryAt === -1 ? address : address.slice(0, queryAt);
  return pairs.length === 0 ? bare : `${bare}?${pairs.join('&')}`;
}

function joined(baseUrl: string, path: string): string {
  const rest = path.replace(/^\/+/, '');
  return rest === '' ? baseUrl : `${baseUrl}/${rest}`;
}

/** A list is the parameter repeated; null leaves it out. */
function valuesOf(value: unknown): string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.flatMap(valuesOf);
  if (value instanceof NumberText) return [value.toString()];
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)];
}

function pair(name: string, value: string): string {
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}

function bodyText(
  method: StreamPlan['method'],
  { json }: StreamParts,
  { body }: RequestPart,
): string | null {
  if (json === null && body === undefined) return method === 'POST' ? '{}' : null;
  return bodyWith(json, body ?? []);
}
