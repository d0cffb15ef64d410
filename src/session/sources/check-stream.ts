/**
 * What an API answers to a stream of a source file: its first two pages, asked for as an ingestion would,
 * and what of the file does not fit them. Nothing is stored.
 */
import type { Fault } from '../../core/fault.js';
import { detectedPlan } from '../../paging/auto-paging.js';
import type { PaginatorPlan } from '../../paging/paginator-plan.js';
import { tableName } from '../../postgres/stream-table.js';
import type { PageResult } from '../../protocol/fetch-messages.js';
import { recordTexts } from '../../protocol/record-texts.js';
import type { StreamPlan } from '../../source/plan.js';
import type { SessionContext } from '../context.js';
import { limitsOfStream } from '../declared-limits.js';
import type { OpenSource } from '../open-source.js';
import { askPages } from '../setup/ask-pages.js';
import { type CheckedKey, checkRecords } from './check-records.js';
import { lookAtSource, NEEDS_INGESTION, type SourceLook } from './look-at-source.js';
import { announcedWords, declaredWords, incrementalWords, pagingWords } from './paging-words.js';

/** Plain data for `--json`. Holds no secret. */
export interface StreamCheck {
  readonly resource: string;
  /** Where its rows go. */
  readonly table: string;
  /** Why the API was not asked; null: it was. */
  readonly unasked: string | null;
  readonly pages: readonly CheckedPage[];
  /** In short, as JSON text; null: there is none. */
  readonly firstRecord: string | null;
  readonly key: readonly CheckedKey[];
  /** The first record's; null: the file names no time, or the record has none. */
  readonly time: string | null;
  /** What leads from page to page; of `auto`, what it has found out. */
  readonly paging: string;
  /** How later runs go on; null: nothing tells what is new. */
  readonly incremental: string | null;
  /** Records in all, as the API says; null: it does not. */
  readonly total: number | null;
  /** Limits in words; null: none. */
  readonly announced: string | null;
  readonly declared: string | null;
  /** What keeps an ingestion from its work, in sentences. */
  readonly faults: readonly string[];
  /** What does not. */
  readonly notes: readonly string[];
  /** The code of the fault that an answer was; null: none was one. */
  readonly fault: Fault['code'] | null;
}

export interface CheckedPage {
  readonly status: number;
  readonly tookMs: number;
  readonly recordCount: number;
  /** Records that cannot be stored. */
  readonly rejectedCount: number;
  /** The request that the page leads to; null: it is the last. */
  readonly next: string | null;
}

const PAGES = 2;
const SAMPLE_MAX = 1_000;
const BODY_CHARS_MAX = 200;

/** @param context whose `config.stream` is the one to check */
export async function checkStream(context: SessionContext, plan: StreamPlan): Promise<StreamCheck> {
  const checked = await lookAtSource(context, (look) => ask(context, look, plan));
  return checked ?? unasked(plan, NEEDS_INGESTION);
}

async function ask(
  { config }: SessionContext,
  { source, token, clean }: SourceLook,
  plan: StreamPlan,
): Promise<StreamCheck> {
  const limit = config.pageLimit ?? source.spec.pageLimitMax;
  const seen: { result: PageResult; texts: string[] }[] = [];
  await askPages(source, config, {
    ...{ pages: PAGES, limit, token },
    onPage(result) {
      const batch = result.type === 'page' ? result.batch : null;
      seen.push({ result, texts: batch === null ? [] : recordTexts(batch, SAMPLE_MAX) });
      return true;
    },
  });
  const [first, second] = seen;
  const pages = seen.flatMap(({ result }) => pageOf(result, source, limit, clean));
  const records = checkRecords(first?.texts ?? [], plan, source.spec.target, clean);
  const told = seen.flatMap(({ result }) => (result.type === 'fault' ? [result.fault] : []));
  // Of two requests the second may be one too many; an ingestion waits.
  const isOverLimit = ({ code }: Fault): boolean => code === 'RATE_LIMITED' && pages.length > 0;
  const faults = told.filter((fault) => !isOverLimit(fault));
  return {
    ...placesOf(plan),
    ...{ unasked: null, pages },
    ...{ firstRecord: records.first, key: records.key, time: records.time },
    paging: pagingOf(plan, first?.result),
    total: first?.result.type === 'page' ? first.result.head.total : null,
    announced: announcedWords(metaOf(first?.result)?.limits ?? null),
    declared: declaredWords(limitsOfStream(source)),
    faults: [
      ...faults.map((fault) => clean(faultWords(fault, pages.length))),
      ...records.faults,
      ...rejectsOf(seen.map(({ result }) => result)),
      ...(isSamePage(first?.texts ?? [], second?.texts ?? []) ? [SAME_PAGE] : []),
    ],
    notes: told.filter(isOverLimit).map((fault) => clean(faultWords(fault, pages.length))),
    fault: faults[0]?.code ?? null,
  };
}

function unasked(plan: StreamPlan, why: string): StreamCheck {
  return {
    ...placesOf(plan),
    ...{ unasked: why, pages: [], firstRecord: null, key: [], time: null, total: null },
    ...{ paging: pagingWords(plan.paginator), announced: null, declared: null },
    ...{ faults: [], notes: [], fault: null },
  };
}

function placesOf(plan: StreamPlan): Pick<StreamCheck, 'resource' | 'table' | 'incremental'> {
  const { name, target } = plan;
  return { resource: name, table: tableName(target), incremental: incrementalWords(plan) };
}

function pageOf(
  result: PageResult,
  { spec, origin, basePath }: OpenSource,
  limit: number,
  clean: (text: string) => string,
): CheckedPage[] {
  if (result.type === 'fault') return [];
  const { head, batch } = result;
  const { sentAtMs, endAtMs, status } = head.meta;
  const rejectedCount = batch?.rejects.count ?? 0;
  const next =
    head.nextCursor === null ? null : spec.request(`${origin}${basePath}`, head.nextCursor, limit);
  const body = next?.body == null ? '' : ` ${next.body.slice(0, BODY_CHARS_MAX)}`;
  return [
    {
      ...{ status, tookMs: Math.round(endAtMs - sentAtMs), rejectedCount },
      recordCount: (batch?.rowCount ?? 0) + rejectedCount,
      next: next === null ? null : clean(`${next.method} ${next.url}${body}`),
    },
  ];
}

function pagingOf({ paginator }: StreamPlan, first: PageResult | undefined): string {
  const cursor = first?.type === 'page' ? first.head.nextCursor : null;
  if (paginator.type !== 'auto' || first?.type !== 'page') return pagingWords(paginator);
  const found: PaginatorPlan | null = cursor === null ? null : detectedPlan(cursor);
  return found === null
    ? 'auto: the first answer says that it is the only page'
    : `auto, which has found out ${pagingWords(found)}`;
}

function metaOf(result: PageResult | undefined) {
  if (result === undefined) return null;
  return result.type === 'page' ? result.head.meta : result.meta;
}

function faultWords({ message, remedy }: Fault, pagesBefore: number): string {
  const which = pagesBefore === 0 ? 'the first page' : 'the second page';
  return `${which}: ${message}${remedy === undefined ? '' : `. ${remedy}`}`;
}

const SAME_PAGE =
  'the second page holds the records of the first: the API does not go on as the paginator says';

function isSamePage(first: readonly string[], second: readonly string[]): boolean {
  return second.length > 0 && second.every((text, nth) => text === first[nth]);
}

function rejectsOf(results: readonly PageResult[]): string[] {
  return results.flatMap((result, nth) => {
    const rejects = result.type === 'page' ? result.batch?.rejects : undefined;
    if (rejects === undefined || rejects.count === 0) return [];
    const reasons = rejects.reasons.join('; ');
    return [`${rejects.count} records of page ${nth + 1} would go to quarantine: ${reasons}`];
  });
}
