/** Chain watch: what pages show of a chain as a whole, of its order and of where it leads. */
import type { OutstandingPage } from './outstanding.js';
import type { PageJob } from './page-job.js';
import { comparePositions, type Position } from './position.js';
import type { RunContext } from './run-context.js';
import type { SchedulerEvent } from './scheduler-types.js';

type ScannedEvent = Extract<SchedulerEvent, { type: 'scanned' }>;

/**
 * Pages in a row that hold no record, or only the last one again, until a segment is said to lead
 * nowhere. A source that filters behind its paging may have hundreds; a server that loses its place
 * has them for ever.
 */
const BARREN_PAGES_MAX = 1_000;

const LEADS_NOWHERE = 'Ask the operator of the API; a start resumes behind the last of these pages';

export class ChainWatch {
  readonly #context: RunContext;
  /** Barren pages in a row, by segment. */
  readonly #barren = new Map<number, number>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Takes in what a page shows of the source's order. */
  order(page: OutstandingPage, event: ScannedEvent): void {
    const { order } = this.#context;
    const { firstPosition: first, lastPosition: last, isDescending } = event;
    const { job } = page;
    // What answers a built cursor may belong elsewhere: that tells of the seek.
    const after = job.isAfterKnown && !job.isBuilt ? job.after : null;
    if (!order.observe({ after, first, last, isDescending })) {
      return this.#context.keepClipped(page, last);
    }
    const asked = this.#context.openClipped();
    const again =
      asked === 0 ? '' : `; ${asked} pages whose rows were shared out are asked for again`;
    const message = `rows are not newest first: the source is read as one chain${again}`;
    this.#context.notice({ event: 'order_broken', message }, job);
  }

  /** Ends a run that would otherwise never end. */
  progress(job: PageJob, { recordCount, lastPosition }: ScannedEvent): void {
    const isBarren = recordCount === 0 || isSamePlace(lastPosition, job.after);
    const barren = isBarren ? (this.#barren.get(job.segment) ?? 0) + 1 : 0;
    this.#barren.set(job.segment, barren);
    if (barren < BARREN_PAGES_MAX) return;
    const message = `${barren} pages in a row hold no new record, and each says that there is more`;
    this.#context.fail({ code: 'CONTRACT', message, retryable: false, remedy: LEADS_NOWHERE }, job);
  }
}

function isSamePlace(a: Position | null, b: Position | null): boolean {
  return a !== null && b !== null && comparePositions(a, b) === 0;
}
