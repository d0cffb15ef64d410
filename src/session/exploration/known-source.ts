/** What is known of a source without asking, for the findings. */
import { fieldsOf } from '../../explore/census.js';
import type { KnownSource } from '../../explore/findings/findings.js';
import type { PageSeen } from '../../explore/observations.js';
import { detectedPlan } from '../../paging/auto-paging.js';
import { limitsOfStream } from '../declared-limits.js';
import type { OpenSource } from '../open-source.js';
import { declaredWords, pagingWords } from '../sources/paging-words.js';

/** @param pages that came: an automatic paginator has found out by them */
export function knownOf(source: OpenSource, pages: readonly PageSeen[]): KnownSource {
  const { headers, query, oauth, spec } = source;
  return {
    fields: fieldsOf(spec),
    paging: pagingOf(source, pages[0]),
    declaredLimits: declaredWords(limitsOfStream(source)),
    hasCredentials:
      oauth !== null || Object.keys(query).length > 0 || hasOwnHeaders(Object.keys(headers)),
  };
}

/** Those that each request carries, whoever asks. */
const COMMON = new Set(['accept', 'user-agent']);

function hasOwnHeaders(names: readonly string[]): boolean {
  return names.some((name) => !COMMON.has(name.toLowerCase()));
}

function pagingOf({ spec, sourceSpec }: OpenSource, first: PageSeen | undefined): string | null {
  // A codec knows more than the kind of paging that its file names.
  if (spec.codec !== null) return null;
  const { plan, stream } = sourceSpec;
  const paginator = plan.streams.find(({ name }) => name === stream)?.paginator;
  if (paginator === undefined) return null;
  const cursor = first?.envelope.nextCursor ?? null;
  const found = paginator.type === 'auto' && cursor !== null ? detectedPlan(cursor) : null;
  return found === null ? pagingWords(paginator) : `auto, found out: ${pagingWords(found)}`;
}
