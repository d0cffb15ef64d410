/**
 * Paging that the first answer tells. What it told is part of every cursor from then on, so that no
 * process has to find it out again.
 *
 *   auto:{"plan":{"type":"header_link","rel":"next"},"at":"https://api.example/items?page=2"}
 */
import { assert } from './assert.js';
import { chainKind } from './chain-kind.js';
import { detectPaging } from './detect-paging.js';
import type { PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import type { Way } from './paging.js';
import { broken } from './ways.js';

const MARK = 'auto:';

/** @param make the kind of a plan that was detected */
export function autoPaging(
  make: (plan: PaginatorPlan) => PageKind,
  options: PageKindOptions,
): PageKind {
  const { params = {} } = options;
  return chainKind(
    {
      request(cursor, size) {
        if (cursor === null) return {};
        const { plan, at } = readAutoCursor(cursor);
        return make(plan).request(at, size);
      },
      next(seen) {
        if (seen.cursor !== null) {
          const { plan, at } = readAutoCursor(seen.cursor);
          return marked(plan, make(plan).next({ ...seen, cursor: at }));
        }
        const detected = detectPaging(seen, { params });
        if (detected.type === 'unsure') {
          return broken(
            `does not show how its pages follow one another (${detected.reasons.join('; ')}): name a paginator`,
          );
        }
        return marked(detected.plan, make(detected.plan).next(seen));
      },
      looksBehindEnd(cursor) {
        if (cursor === null) return null;
        const { plan, at } = readAutoCursor(cursor);
        const look = make(plan).looksBehindEnd?.(at) ?? null;
        return look === null ? null : { ...look, way: marked(plan, look.way) };
      },
      passesTotal(seen) {
        if (seen.cursor === null) return false;
        const { plan, at } = readAutoCursor(seen.cursor);
        return make(plan).passesTotal?.({ ...seen, cursor: at }) ?? false;
      },
    },
    options,
  );
}

/** What a cursor says was detected; null: it is none of this kind. */
export function detectedPlan(cursor: string): PaginatorPlan | null {
  return cursor.startsWith(MARK) ? readAutoCursor(cursor).plan : null;
}

function marked(plan: PaginatorPlan, way: Way): Way {
  if (way.type !== 'next') return way;
  return { ...way, cursor: `${MARK}${JSON.stringify({ plan, at: way.cursor })}` };
}

/** Cursors of this kind are made here: another one is a bug. */
function readAutoCursor(cursor: string): { readonly plan: PaginatorPlan; readonly at: string } {
  assert(cursor.startsWith(MARK), 'a cursor says what was detected');
  return JSON.parse(cursor.slice(MARK.length)) as { plan: PaginatorPlan; at: string };
}
