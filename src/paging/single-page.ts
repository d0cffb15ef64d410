/** A stream that is one page. */
import { chainKind } from './chain-kind.js';
import type { PageKind, PageKindOptions } from './page-kind.js';
import { END } from './ways.js';

export function singlePage(options: PageKindOptions): PageKind {
  return chainKind({ request: () => ({}), next: () => END }, options);
}
