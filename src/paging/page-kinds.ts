/** From what a source file says of its paging to the kind that acts. */
import { autoPaging } from './auto-paging.js';
import { bodyCursor, headerCursor } from './given-cursor.js';
import { keyset } from './keyset.js';
import { headerLink, jsonLink } from './link-pages.js';
import { numberedPages } from './numbered-pages.js';
import { offsetPages } from './offset-pages.js';
import type { PageKind, PageKindOptions } from './page-kind.js';
import type { PaginatorPlan } from './paginator-plan.js';
import { singlePage } from './single-page.js';
import { timeWindow } from './time-window.js';

/** @param plan its paths and instants are checked */
export function pageKind(plan: PaginatorPlan, options: PageKindOptions): PageKind {
  switch (plan.type) {
    case 'single_page':
      return singlePage(options);
    case 'json_link':
      return jsonLink(plan, options);
    case 'header_link':
      return headerLink(plan, options);
    case 'header_cursor':
      return headerCursor(plan, options);
    case 'cursor':
      return bodyCursor(plan, options);
    case 'offset':
      return offsetPages(plan);
    case 'page_number':
      return numberedPages(plan);
    case 'keyset':
      return keyset(plan, options);
    case 'time_window':
      return timeWindow(plan, pageKind(plan.inner, options), options);
    case 'auto':
      return autoPaging((detected) => pageKind(detected, options), options);
  }
}
