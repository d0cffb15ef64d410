/**
 * Pages that are asked for by a field of the last record: `starting_after`. An empty page is the end,
 * or one that says that there is no more.
 */
import { chainKind } from './chain-kind.js';
import { endSignReader } from './end-signs.js';
import { pathSteps, valueAt } from './json-path.js';
import { NumberText, parseExact } from './json-text.js';
import type { PageFacts, PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import type { Way } from './paging.js';
import { cursorText, requestPart } from './value-place.js';
import { broken, END, goOn } from './ways.js';

type KeysetPlan = Extract<PaginatorPlan, { readonly type: 'keyset' }>;

export function keyset(plan: KeysetPlan, options: PageKindOptions): PageKind {
  const { keyPath, place, hasMorePath } = plan;
  const steps = pathSteps(keyPath);
  const readSigns = endSignReader({ hasMorePath, totalPath: null });
  function next(seen: PageFacts): Way {
    const signs = readSigns(seen.body);
    if (signs.type === 'broken') return signs;
    const { hasMore } = signs;
    if (hasMore === false) return END;
    const text = seen.lastRecordText();
    if (text === null) {
      return hasMore ? broken('says that there is more behind a page without records') : END;
    }
    const key = valueAt(steps, parseExact(text));
    const isKey = (typeof key === 'string' && key !== '') || key instanceof NumberText;
    const cursor = isKey ? cursorText(place, key) : null;
    if (cursor === null) return broken(`sends a last record with no text or number at ${keyPath}`);
    if (cursor !== seen.cursor) return goOn(cursor);
    return broken(`sends a page behind a record that ends with that same record, by ${keyPath}`);
  }
  return chainKind(
    { request: (cursor) => (cursor === null ? {} : requestPart(place, cursor)), next },
    options,
  );
}
