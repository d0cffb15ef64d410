/**
 * Rendered pages, least recently used first out, bounded by bytes.
 *
 * Only the rows are kept. The envelope holds the cursor's expiry and the request id, which differ each time,
 * and is a few hundred bytes.
 */
import { type DeflatedRows, deflateRows } from './gzip-page.js';
import type { Renderer } from './render.js';
import type { View } from './views.js';

export interface RenderedPage {
  /** `{"data":[…]`, UTF-8 but for rows that are hostile on purpose. */
  readonly rows: Buffer;
  /** Null until somebody has asked for it. */
  deflated: DeflatedRows | null;
}

export interface PageLookup {
  readonly page: RenderedPage;
  readonly isCached: boolean;
}

export class PageCache {
  readonly #renderer: Renderer;
  readonly #bytesMax: number;
  readonly #pages = new Map<string, RenderedPage>();
  #bytes = 0;

  constructor(renderer: Renderer, bytesMax: number) {
    this.#renderer = renderer;
    this.#bytesMax = bytesMax;
  }

  /** The rows from `start` up to, not including, `end`. */
  page(view: View, start: number, end: number): PageLookup {
    const key = `${view.name} ${start} ${end}`;
    const known = this.#pages.get(key);
    if (known !== undefined) {
      this.#pages.delete(key);
      this.#pages.set(key, known);
      return { page: known, isCached: true };
    }
    const page: RenderedPage = {
      rows: this.#renderer.renderPage(view, start, end),
      deflated: null,
    };
    this.#pages.set(key, page);
    this.#bytes += page.rows.length;
    this.#evict();
    return { page, isCached: false };
  }

  /** The compressed rows of a page; they take memory beside the plain ones. */
  deflated(page: RenderedPage): DeflatedRows {
    if (page.deflated === null) {
      page.deflated = deflateRows(page.rows);
      this.#bytes += page.deflated.bytes.length;
    }
    return page.deflated;
  }

  #evict(): void {
    for (const [key, page] of this.#pages) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#pages.delete(key);
      this.#bytes -= page.rows.length + (page.deflated?.bytes.length ?? 0);
    }
  }
}
