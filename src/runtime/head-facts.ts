import { readDate } from '../core/header-time.js';
import { readLimitHeaders } from '../core/limit-headers.js';
import type { HeadFacts } from '../core/scheduler-types.js';
import type { PageHead } from '../protocol/fetch-messages.js';

/** What deciding needs of a head. */
export function headFacts(head: PageHead): HeadFacts {
  const { meta } = head;
  return {
    sentAtMs: meta.sentAtMs,
    headAtMs: meta.headAtMs,
    dateMs: readDate(meta.limitHeaders.date ?? ''),
    bodyBytes: meta.bodyBytes,
    limits: readLimitHeaders(meta.limitHeaders, meta.headAtMs),
    nextCursor: head.nextCursor,
    hasMore: head.hasMore,
    cursorExpiresInMs: head.cursorExpiresInMs,
    limit: head.limit,
    returned: head.returned,
    total: head.total,
  };
}
