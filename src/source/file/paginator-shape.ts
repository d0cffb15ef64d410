/** `paginator` of a source file: the kinds of dlt and PostHog, and two of our own. */
import * as z from 'zod/mini';
import { block, duration, flag, httpStatus, listOf, takes, text, whole } from './field-kinds.js';

/** Those that need no field, and may be written as their name alone. */
const SHORT_TYPES = [
  'auto',
  'single_page',
  'json_link',
  'json_response',
  'header_link',
  'header_cursor',
  'cursor',
  'page_number',
] as const;

const ranged = {
  total_path: z.nullish(text),
  stop_after_empty_page: z.nullish(flag),
  has_more_path: z.nullish(text),
};

const shapes = [
  block({ type: z.optional(z.literal('auto')) }),
  block({ type: z.literal('single_page') }),
  block({ type: z.literal(['json_link', 'json_response']), next_url_path: z.nullish(text) }),
  block({ type: z.literal('header_link'), links_next_key: z.nullish(text) }),
  block({
    type: z.literal('header_cursor'),
    cursor_key: z.nullish(text),
    cursor_param: z.nullish(text),
  }),
  block({
    type: z.literal('cursor'),
    cursor_path: z.nullish(text),
    cursor_param: z.nullish(text),
    cursor_body_path: z.nullish(text),
    has_more_path: z.nullish(text),
    stop_after_empty_page: z.nullish(flag),
  }),
  block({
    type: z.literal('offset'),
    limit: whole(1),
    offset: z.nullish(whole(0)),
    offset_param: z.nullish(text),
    offset_body_path: z.nullish(text),
    limit_param: z.nullish(text),
    limit_body_path: z.nullish(text),
    maximum_offset: z.nullish(whole(1)),
    ...ranged,
  }),
  block({
    type: z.literal('page_number'),
    base_page: z.nullish(whole(0)),
    page: z.nullish(whole(0)),
    page_param: z.nullish(text),
    page_body_path: z.nullish(text),
    maximum_page: z.nullish(whole(1)),
    ...ranged,
  }),
  block({
    type: z.literal('keyset'),
    key_path: text,
    key_param: z.nullish(text),
    key_body_path: z.nullish(text),
    has_more_path: z.nullish(text),
  }),
] as const;

const shortType = z.enum(
  SHORT_TYPES,
  takes(`one of ${SHORT_TYPES.join(', ')}; others need a block with type and fields`),
);
const PAGINATOR_WORDS = takes('the name of a paginator, or a block with its type');
const pagedShape = z.union(
  [shortType, z.discriminatedUnion('type', shapes, PAGINATOR_WORDS)],
  PAGINATOR_WORDS,
);

/** See instant-form.ts. */
export const INSTANT_WORDS =
  'a day, a time with its zone (ISO 8601), or epoch seconds or milliseconds';
const instant = z.union([text, z.number(takes(INSTANT_WORDS))], takes(INSTANT_WORDS));

const windowShape = block({
  type: z.literal('time_window'),
  start_param: z.nullish(text),
  start_body_path: z.nullish(text),
  end_param: z.nullish(text),
  end_body_path: z.nullish(text),
  start: instant,
  end: z.nullish(instant),
  window: duration,
  step: z.nullish(duration),
  split_on: z.nullish(listOf(httpStatus, 'HTTP statuses')),
  paginator: z.nullish(pagedShape),
});

export const paginatorShape = z.union(
  [shortType, z.discriminatedUnion('type', [...shapes, windowShape], PAGINATOR_WORDS)],
  PAGINATOR_WORDS,
);

export type PaginatorFields = z.infer<typeof paginatorShape>;
export type PagedFields = z.infer<typeof pagedShape>;
export type WindowFields = z.infer<typeof windowShape>;
