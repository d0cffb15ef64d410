/**
 * A fake API whose rows are the children of parents: some have none, some a page, some several. The pages of
 * a child lead on by opaque cursors, which expire; what its first page is asked with does not.
 */
import type { Fault } from '../../src/core/fault.js';
import { childCursor, readChildCursor } from '../../src/paging/child-cursor.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import type { Paging } from '../../src/paging/paging.js';
import { drawInteger, type Random } from './random.js';
import { type ApiPage, type AskedAt, type PageAsked, SimulatedApi } from './simulated-api.js';
import { type ApiSettings, PAGE_BYTES } from './simulated-api-settings.js';

interface Child {
  readonly of: string;
  /** Its first row, and one past its last. */
  readonly start: number;
  readonly end: number;
}

const PAGES_MAX = 6;

export class ChildrenApi extends SimulatedApi {
  override readonly parents: readonly string[];
  readonly #children: readonly Child[];

  constructor(settings: ApiSettings, random: Random) {
    // A cursor cannot be built: it must outlive a whole window of the limit and some faults.
    const cursorTtlMs = settings.cursorTtlMs + settings.windowMs + 130_000;
    super({ ...settings, cursorTtlMs, growthShare: 0, sorting: 'untimed' }, random);
    const { rows, pageCap } = this.settings;
    const children: Child[] = [];
    const push = (start: number, end: number) =>
      children.push({ of: `{"id": ${children.length}}`, start, end });
    for (let start = 0; start < rows; ) {
      if (random() < 0.3) push(start, start);
      const end = Math.min(rows, start + drawInteger(random, 1, pageCap * PAGES_MAX));
      push(start, end);
      start = end;
    }
    this.#children = children;
    this.parents = children.map(({ of }) => of);
  }

  override get paging(): Paging {
    return cursorChain({ cursorLifeMs: this.settings.cursorTtlMs });
  }

  override placeOf(): null {
    return null;
  }

  protected override answer(
    { cursor, limit }: PageAsked,
    { sentAtMs, arrivesAtMs }: AskedAt,
  ): { page(): ApiPage } | Fault {
    if (cursor === null) throw new Error('a child is asked for with the values of its parent');
    const { of, at } = readChildCursor(cursor);
    const child = this.#children.find((one) => one.of === of);
    if (child === undefined) throw new Error(`${of} is no parent`);
    const [row = child.start, untilMs = Number.POSITIVE_INFINITY] = (at ?? '')
      .split('/')
      .flatMap((text) => (text === '' ? [] : [Number(text)]));
    const { clockSkewMs, cursorTtlMs, pageCap, isStable, shortShare } = this.settings;
    if (untilMs < arrivesAtMs + clockSkewMs) {
      return { code: 'CURSOR_EXPIRED', message: 'simulated CURSOR_EXPIRED', retryable: true };
    }
    const largest = Math.min(limit, pageCap);
    const isShort = shortShare > 0 && this.random() < shortShare;
    const end = Math.min(
      child.end,
      row + (isShort ? drawInteger(this.random, 1, largest) : largest),
    );
    const hasMore = end < child.end;
    const expiresAtMs = isStable ? Number.MAX_SAFE_INTEGER : sentAtMs + clockSkewMs + cursorTtlMs;
    // Each answer gives another cursor for the same place.
    const next = childCursor({ of, at: `${end}/${expiresAtMs}/${this.arrivalsMs.length}` });
    const page: ApiPage = {
      rows: Array.from({ length: end - row }, (_, nth) => row + nth),
      nextCursor: hasMore ? next : null,
      hasMore,
      ...{ returned: end - row, total: null, bodyBytes: PAGE_BYTES },
    };
    return { page: () => page };
  }
}
