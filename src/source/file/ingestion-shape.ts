/** `x-ingestion` of a source file: what no other program reads. Others ignore blocks named `x-…`. */
import * as z from 'zod/mini';
import { CODEC_NAMES } from '../registry.js';
import {
  block,
  duration,
  httpStatus,
  json,
  listOf,
  namedJson,
  oneOf,
  takes,
  text,
  textOrList,
  whole,
} from './field-kinds.js';

const limitShape = block({
  path: z.nullish(text),
  method: z.nullish(oneOf('GET', 'POST')),
  quota: z.nullish(whole(1)),
  window: z.nullish(duration),
  concurrency: z.nullish(whole(1)),
  headers: z.nullish(
    block({
      limit: z.nullish(text),
      remaining: z.nullish(text),
      reset: z.nullish(text),
      window: z.nullish(text),
    }),
  ),
  unit: z.nullish(oneOf('ms', 's')),
  cost: z.nullish(
    block({
      request_path: z.nullish(text),
      available_path: z.nullish(text),
      maximum_path: z.nullish(text),
      restore_per_second_path: z.nullish(text),
      request_header: z.nullish(text),
      available_header: z.nullish(text),
      maximum_header: z.nullish(text),
      restore_per_second_header: z.nullish(text),
    }),
  ),
});

const signShape = block({
  status: z.nullish(httpStatus),
  header: z.nullish(text),
  body_path: z.nullish(text),
  equals: z.optional(json),
  content: z.nullish(text),
});

const streamShape = block({
  order: z.nullish(block({ by: textOrList, direction: z.nullish(oneOf('asc', 'desc')) })),
  page_size: z.nullish(block({ param: text, max: whole(1) })),
  cursor_ttl: z.nullish(duration),
  time: z.nullish(block({ path: text })),
  target: z.nullish(block({ schema: z.nullish(text), table: z.nullish(text) })),
  done_path: z.nullish(text),
  values: z.nullish(listOf(namedJson, 'records')),
  parents: z.nullish(oneOf('all', 'changed')),
});

export const ingestionShape = block({
  codec: z.nullish(oneOf(...CODEC_NAMES)),
  limits: z.nullish(listOf(limitShape, 'limits')),
  throttle: z.nullish(listOf(signShape, 'signs')),
  expired: z.nullish(listOf(signShape, 'signs')),
  hosts: z.nullish(listOf(text, 'hosts')),
  resources: z.nullish(z.record(z.string(), streamShape, takes('a block of resources'))),
});

export type IngestionFields = z.infer<typeof ingestionShape>;
export type LimitFields = z.infer<typeof limitShape>;
export type SignFields = z.infer<typeof signShape>;
export type StreamFields = z.infer<typeof streamShape>;
