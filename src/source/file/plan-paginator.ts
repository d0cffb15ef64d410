/** The plan of a paginator, with the defaults of dlt. */
import { instantForm } from '../../paging/instant-form.js';
import type { PaginatorPlan, ValuePlace } from '../plan.js';
import { readDuration } from './duration.js';
import type { FieldPath, FileNotes } from './file-note.js';
import {
  INSTANT_WORDS,
  type PagedFields,
  type PaginatorFields,
  type WindowFields,
} from './paginator-shape.js';
import { checkPathFields } from './paths.js';

type Optional = string | null | undefined;
type Block = Exclude<PagedFields, string>;
type Ranged = Extract<Block, { readonly type: 'offset' | 'page_number' }>;

/** @param at where it stands in the file */
export function planPaginator(
  fields: PaginatorFields,
  at: FieldPath,
  notes: FileNotes,
): PaginatorPlan {
  if (typeof fields === 'string') return planPaged({ type: fields }, at, notes);
  checkPathFields(fields, at, notes);
  return fields.type === 'time_window'
    ? planWindow(fields, at, notes)
    : planPaged(fields, at, notes);
}

function planPaged(fields: Block, at: FieldPath, notes: FileNotes): PaginatorPlan {
  const place = (what: string, fallback: string | null, param: Optional, body: Optional) =>
    planPlace({ what, fallback, param, body }, at, notes);
  switch (fields.type) {
    case undefined:
    case 'auto':
      return { type: 'auto' };
    case 'single_page':
      return { type: 'single_page' };
    case 'json_link':
    case 'json_response':
      return { type: 'json_link', nextUrlPath: fields.next_url_path ?? 'next' };
    case 'header_link':
      return { type: 'header_link', rel: fields.links_next_key ?? 'next' };
    case 'header_cursor':
      return {
        type: 'header_cursor',
        header: (fields.cursor_key ?? 'next').toLowerCase(),
        place: { in: 'query', name: fields.cursor_param ?? 'cursor' },
      };
    case 'cursor':
      return {
        type: 'cursor',
        cursorPath: fields.cursor_path ?? 'cursors.next',
        place: place('cursor', 'cursor', fields.cursor_param, fields.cursor_body_path),
        hasMorePath: fields.has_more_path ?? null,
        stopAfterEmptyPage: fields.stop_after_empty_page ?? false,
      };
    case 'offset':
      return {
        type: 'offset',
        limit: fields.limit,
        start: fields.offset ?? 0,
        offsetPlace: place('offset', 'offset', fields.offset_param, fields.offset_body_path),
        limitPlace: place('limit', 'limit', fields.limit_param, fields.limit_body_path),
        maximumOffset: fields.maximum_offset ?? null,
        ...planEnd(fields, fields.maximum_offset, at, notes),
      };
    case 'page_number':
      return {
        type: 'page_number',
        start: fields.page ?? fields.base_page ?? 0,
        base: fields.base_page ?? 0,
        place: place('page', 'page', fields.page_param, fields.page_body_path),
        maximumPage: fields.maximum_page ?? null,
        ...planEnd(fields, fields.maximum_page, at, notes),
      };
    case 'keyset':
      return {
        type: 'keyset',
        keyPath: fields.key_path,
        place: place('key', null, fields.key_param, fields.key_body_path),
        hasMorePath: fields.has_more_path ?? null,
      };
  }
}

function planEnd(
  fields: Ranged,
  maximum: number | null | undefined,
  at: FieldPath,
  notes: FileNotes,
) {
  const hasMorePath = fields.has_more_path ?? null;
  // In dlt has_more_path overrules the total, which is then demanded for nothing.
  const fallback = hasMorePath === null ? 'total' : null;
  const totalPath = fields.total_path === undefined ? fallback : fields.total_path;
  const stopAfterEmptyPage = fields.stop_after_empty_page ?? true;
  if (totalPath === null && hasMorePath === null && maximum == null && !stopAfterEmptyPage) {
    const ends = 'total_path, has_more_path, stop_after_empty_page or a maximum';
    notes.fault(at, `nothing says where the pages end; set ${ends}`);
  }
  return { totalPath, hasMorePath, stopAfterEmptyPage };
}

function planWindow(fields: WindowFields, at: FieldPath, notes: FileNotes): PaginatorPlan {
  const end = fields.end ?? 'now';
  const first = instantForm(fields.start);
  const last = end === 'now' ? null : instantForm(end);
  if (first === null) notes.fault([...at, 'start'], `takes ${INSTANT_WORDS}`);
  if (last === null && end !== 'now') {
    notes.fault([...at, 'end'], `takes ${INSTANT_WORDS}, or the word now`);
  }
  if (first !== null && last !== null && first.ms >= last.ms) {
    notes.fault([...at, 'end'], 'takes an instant after start');
  }
  const stepMs = fields.step == null ? null : readDuration(fields.step);
  if (first !== null && stepMs !== null && stepMs % first.unitMs !== 0) {
    notes.fault(
      [...at, 'step'],
      `takes a multiple of ${first.unitMs} ms, in which start is written`,
    );
  }
  const place = (what: 'start' | 'end') =>
    planPlace(
      {
        what,
        fallback: null,
        param: fields[`${what}_param`],
        body: fields[`${what}_body_path`],
      },
      at,
      notes,
    );
  return {
    type: 'time_window',
    startPlace: place('start'),
    endPlace: place('end'),
    start: fields.start,
    end,
    windowMs: readDuration(fields.window) ?? 0,
    stepMs,
    splitOn: fields.split_on ?? [],
    // Whether a window fits on one page is not known: `auto` finds out, a single page would lose rows.
    inner:
      fields.paginator == null
        ? { type: 'auto' }
        : planPaginator(fields.paginator, [...at, 'paginator'], notes),
  };
}

interface PlaceFields {
  /** Begin of the fields' names. */
  readonly what: string;
  /** Parameter where none is named; null: one must be. */
  readonly fallback: string | null;
  readonly param: Optional;
  readonly body: Optional;
}

function planPlace(fields: PlaceFields, at: FieldPath, notes: FileNotes): ValuePlace {
  const { what, fallback, param, body } = fields;
  const names = `${what}_param and ${what}_body_path`;
  if (param != null && body != null) {
    notes.fault(
      [...at, `${what}_body_path`],
      `takes the place of ${what}_param; set one of the two`,
    );
  }
  if (param == null && body == null && fallback === null) {
    notes.fault([...at, `${what}_param`], `is missing; set one of ${names}`);
  }
  return body == null ? { in: 'query', name: param ?? fallback ?? '' } : { in: 'body', path: body };
}
