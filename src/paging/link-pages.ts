/**
 * Pages that give the URL of the next one. The cursor is that URL, absolute: a later process asks with
 * it and does not know the page that gave it.
 */
import { chainKind } from './chain-kind.js';
import { pathSteps, valueAt } from './json-path.js';
import { parseLinks } from './link-header.js';
import type { PageFacts, PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import type { Way } from './paging.js';
import { type Broken, broken, END, goOn } from './ways.js';

type JsonLinkPlan = Extract<PaginatorPlan, { readonly type: 'json_link' }>;
type HeaderLinkPlan = Extract<PaginatorPlan, { readonly type: 'header_link' }>;

/** The URL stands in the body. It may be relative. Null, false, empty or absent: the end. */
export function jsonLink({ nextUrlPath }: JsonLinkPlan, options: PageKindOptions): PageKind {
  const steps = pathSteps(nextUrlPath);
  return linkKind(({ body }) => {
    const link = valueAt(steps, body);
    if (link === undefined || link === null || link === false) return '';
    if (typeof link === 'string') return link.trim();
    return broken(`gives no text at ${nextUrlPath}, where the next page's URL is expected`);
  }, options);
}

/** The URL stands in the header Link. Without the relation: the end. */
export function headerLink({ rel }: HeaderLinkPlan, options: PageKindOptions): PageKind {
  const wanted = rel.toLowerCase();
  return linkKind((seen) => {
    const links = parseLinks(seen.header('link') ?? '');
    if (links === null) return broken('sends a Link header that cannot be read');
    const targets = links.filter(({ rels }) => rels.includes(wanted)).map(({ target }) => target);
    const different = new Set(targets);
    if (different.size > 1) return broken(`links to several pages as "${rel}" in one Link header`);
    return targets[0] ?? '';
  }, options);
}

/** @param linkOf the URL of the next page; empty: the end */
function linkKind(
  linkOf: (seen: PageFacts) => string | Broken,
  options: PageKindOptions,
): PageKind {
  return chainKind(
    {
      request: (cursor) => (cursor === null ? {} : { url: cursor }),
      next(seen) {
        const link = linkOf(seen);
        if (typeof link !== 'string') return link;
        return link === '' ? END : wayTo(link, seen.url, options);
      },
    },
    options,
  );
}

function wayTo(link: string, pageUrl: string, { keptLink }: PageKindOptions): Way {
  const url = URL.canParse(link, pageUrl) ? new URL(link, pageUrl) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return broken('gives a link to the next page that is no HTTP URL');
  }
  // A fragment is never sent: two links that differ in it alone lead to one page.
  url.hash = '';
  return goOn(keptLink?.(url.href) ?? url.href);
}
