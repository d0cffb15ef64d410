/** Chain watch: what pages show of a chain as a whole, of its order and of where it leads. It ends a run that would otherwise never end. */
import { comparePositions, type Position } from '../paging/position.js';
import type { CommittedCounts } from './committed-page.js';
import type { OutstandingPage } from './outstanding.js';
import type { PageJob } from './page-job.js';
import type { RunContext } from './run-context.js';
import type { HeadFacts, SchedulerEvent } from './scheduler-types.js';

type ScannedEvent = Extract<SchedulerEvent, { type: 'scanned' }>;

/**
 * Pages in a row that hold no record, or only the last one again, until a segment is said to lead
 * nowhere. A source that filters behind its paging may have hundreds; a server that loses its place
 * has them for ever.
 */
const BARREN_PAGES_MAX = 1_000;

/** Fewer than the pages that may repeat: a walk that begins again comes to all that it remembers. */
const FINGERPRINTS_MAX = 100;

const LEADS_NOWHERE =
  'The API may not read what the paginator sends: check that, or ask its operator; a start resumes behind the last of these pages';

/** What one walk has brought of late: a child is a walk, and all other segments of a run are one. */
interface Walk {
  /** Pages in a row that were committed without a new record. */
  stale: number;
  /** Pages in a row whose fingerprint is among those. */
  repeated: number;
  /** Of the last pages whose records have no key. */
  readonly fingerprints: Set<string>;
}

export class ChainWatch {
  readonly #context: RunContext;
  /** By segment; of segments that are parts of one walk the first. */
  readonly #walks = new Map<number, Walk>();
  /** Barren pages in a row, by segment. */
  readonly #barren = new Map<number, number>();
  /** Empty, but a step towards an end that is known. */
  readonly #steps = new WeakSet<PageJob>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Takes in what a page shows of the source's order. */
  order(page: OutstandingPage, event: ScannedEvent, nowMs: number): void {
    const { order } = this.#context;
    const { firstPosition: first, lastPosition: last, isDescending, recordCount } = event;
    const { job, head, next } = page;
    // What answers a built cursor may belong elsewhere: that tells of the seek.
    const after = job.isAfterKnown && !job.isBuilt ? job.after : null;
    const isNowhere = recordCount > 0 || (job.isAfterKnown && job.after === null);
    const needsPlace = head?.hasMore === true && next === null && isNowhere;
    const contradiction = order.observe({ after, first, last, isDescending, needsPlace });
    if (contradiction !== null) this.#context.leaveOrder(contradiction, job, nowMs);
  }

  /**
   * Behind an opaque cursor only rows tell that a segment is through: all of a page, for the last one alone may
   * be out of order.
   */
  endAtBound(
    { job, next, head }: OutstandingPage,
    { firstPosition: first, lastPosition: last }: ScannedEvent,
  ) {
    const { frontier } = this.#context.options;
    const { bound } = frontier.segmentOf(job);
    if (bound === null || next !== null || head?.hasMore !== true || !job.isTip) return;
    if (!this.#context.order.holds || first === null || last === null) return;
    if (Math.max(first.ms, last.ms) >= bound.ms) return;
    this.#context.dropUnwritten(job.segment, job.page);
    frontier.segments.end(job.segment);
    job.endsSegment(true);
  }

  /** Places that are counted off go on for ever: only what is committed shows whether a walk brings anything new. */
  committed(job: PageJob, { returned, inserted, known, quarantined }: CommittedCounts): void {
    const { options, isOfChildren, commits } = this.#context;
    if (isOfChildren && job.isLast) return this.#forget(job);
    if (returned === 0 && this.#steps.has(job)) return;
    const walk = this.#walkOf(job);
    walk.stale = inserted + known + quarantined > 0 ? 0 : walk.stale + 1;
    // A walk that begins again finds first what is there.
    const pages = isOfChildren ? job.page : (options.earlierPages?.length ?? 0) + commits;
    if (walk.stale >= BARREN_PAGES_MAX + pages - walk.stale) this.#leadsNowhere(job, walk.stale);
  }

  #walkOf({ segment }: PageJob): Walk {
    const key = this.#context.isOfChildren ? segment : 0;
    const known = this.#walks.get(key);
    if (known !== undefined) return known;
    const walk = { stale: 0, repeated: 0, fingerprints: new Set<string>() };
    this.#walks.set(key, walk);
    return walk;
  }

  #forget({ segment }: PageJob): void {
    this.#walks.delete(segment);
    this.#barren.delete(segment);
  }

  /** @param head of a page that is not the last */
  progress(
    job: PageJob,
    { recordCount, lastPosition, fingerprint }: ScannedEvent,
    head: HeadFacts,
  ): void {
    if (recordCount === 0 && this.#isStep(job, head)) {
      this.#steps.add(job);
      return;
    }
    if (fingerprint !== undefined) this.#compare(job, fingerprint);
    const isBarren = recordCount === 0 || isSamePlace(lastPosition, job.after);
    const barren = isBarren ? (this.#barren.get(job.segment) ?? 0) + 1 : 0;
    this.#barren.set(job.segment, barren);
    if (barren >= BARREN_PAGES_MAX) this.#leadsNowhere(job, barren);
  }

  /** Whether a page leads on to a place that is not behind the end which it tells of. */
  #isStep({ cursor }: PageJob, { nextPosition, lastPlace = null }: HeadFacts): boolean {
    if (nextPosition === null || lastPlace === null) return false;
    const { paging } = this.#context.options.frontier;
    const from = cursor === null ? null : paging.placeOf(cursor);
    const isOn = from === null || nextPosition.ms < from.ms;
    return isOn && nextPosition.ms >= lastPlace.ms;
  }

  /** Records without a key are all new to the table, though they come again and again. */
  #compare(job: PageJob, fingerprint: string): void {
    const walk = this.#walkOf(job);
    const { fingerprints } = walk;
    walk.repeated = fingerprints.has(fingerprint) ? walk.repeated + 1 : 0;
    fingerprints.add(fingerprint);
    const [oldest] = fingerprints;
    if (oldest !== undefined && fingerprints.size > FINGERPRINTS_MAX) fingerprints.delete(oldest);
    if (walk.repeated >= BARREN_PAGES_MAX) this.#leadsNowhere(job, walk.repeated);
  }

  #leadsNowhere(job: PageJob, pages: number): void {
    const message = `${pages} pages in a row hold no new record, and each says that there is more`;
    this.#context.fail({ code: 'CONTRACT', message, retryable: false, remedy: LEADS_NOWHERE }, job);
  }
}

function isSamePlace(a: Position | null, b: Position | null): boolean {
  return a !== null && b !== null && comparePositions(a, b) === 0;
}
