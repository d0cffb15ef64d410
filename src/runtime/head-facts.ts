import type { HeadFacts } from '../core/scheduler-types.js';
import type { PageHead } from '../protocol/fetch-messages.js';

/** What deciding needs of a head. */
export function headFacts(head: PageHead): HeadFacts {
  const { meta } = head;
  return {
    sentAtMs: meta.sentAtMs,
    headAtMs: meta.headAtMs,
    endAtMs: meta.endAtMs,
    dateMs: meta.dateMs,
    bodyBytes: meta.bodyBytes,
    limits: meta.limits,
    nextCursor: head.nextCursor,
    nextPosition: head.nextPosition,
    hasMore: head.hasMore,
    cursorExpiresInMs: head.cursorExpiresInMs,
    limit: head.limit,
    returned: head.returned,
    total: head.total,
    lastPlace: head.lastPlace ?? null,
    passesTotal: head.passesTotal ?? false,
  };
}
