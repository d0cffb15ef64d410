/** A scheduler that a test plays by answers: its pages are scanned and committed at once. */
import { Frontier } from '../../src/core/frontier.js';
import type { SchedulerOptions } from '../../src/core/run-context.js';
import type { Scheduler } from '../../src/core/scheduler.js';
import type {
  HeadFacts,
  SchedulerCommand,
  SchedulerEvent,
} from '../../src/core/scheduler-types.js';
import type { SegmentSeed } from '../../src/core/segment.js';
import type { Paging } from '../../src/paging/paging.js';
import type { Position } from '../../src/paging/position.js';
import { head, NOW_MS, scanned, schedulerOver, sought } from './stepped-scheduler.js';

export const at = (row: number): Position => ({ ms: 1_000_000 - row, id: 'a' });
const FAR_AWAY_MS = 100;

export const built = sought((position) => `built ${1_000_000 - position.ms}`);

/** Steps a scheduler by the answers to its segments; the clock goes on to whenever the next page may be asked for. */
export class Played {
  readonly scheduler: Scheduler;
  readonly #isOpaque: boolean;
  readonly #tasks = new Map<number, number>();
  readonly #records = new Map<number, number>();
  nowMs = NOW_MS;
  /** What was said since the last answer. */
  said: SchedulerCommand[] = [];

  constructor(
    seeds: readonly SegmentSeed[],
    paging: Paging = built,
    changes: Partial<SchedulerOptions> = {},
  ) {
    this.#isOpaque = paging.seek === null;
    const frontier = new Frontier(paging);
    for (const seed of seeds) frontier.add(seed);
    this.scheduler = schedulerOver(frontier, undefined, {
      nextSegment: 9,
      concurrency: 2,
      ...changes,
    });
    this.step([]);
  }

  step(events: Parameters<Scheduler['step']>[0]): void {
    this.said = this.scheduler.step(events, this.nowMs);
    if (Number.isFinite(this.scheduler.wakeAtMs)) {
      this.nowMs = Math.max(this.nowMs, this.scheduler.wakeAtMs);
      this.said.push(...this.scheduler.step([], this.nowMs));
    }
    for (const each of this.said)
      if (each.type === 'fetch') this.#tasks.set(each.segment, each.taskId);
  }

  /** The page that a segment waits for: its records, the last of them at row `last`. */
  answer(
    segment: number,
    last: number,
    answer: Partial<HeadFacts> & {
      count?: number;
      isDescending?: boolean;
      fingerprint?: string;
    } = {},
  ): void {
    const taskId = this.#tasks.get(segment);
    if (taskId === undefined) throw new Error('the segment waits for a page');
    this.#tasks.delete(segment);
    const { count = 100, isDescending = true, fingerprint, ...facts } = answer;
    const given = head(`to ${last}`, this.#isOpaque ? null : at(last));
    const end = facts.hasMore === false ? { nextCursor: null, nextPosition: null } : {};
    this.step([{ type: 'head', taskId, head: { ...given, returned: count, ...end, ...facts } }]);
    const told = this.said;
    this.#records.set(taskId, count);
    const [first, lastOne] = count === 0 ? [null, null] : [at(last - count + 1), at(last)];
    const span = { recordCount: count, firstPosition: first, lastPosition: lastOne };
    const content = fingerprint === undefined ? {} : { fingerprint };
    const event = { ...scanned(taskId, at(last)), ...span, ...content, isDescending };
    this.step([event as SchedulerEvent]);
    told.push(...this.said);
    this.#commit(told);
    this.said = told;
  }

  /** As many pages of a segment, from an API so far away that several requests at once are of use. */
  answerFarAway(segment: number, pages: number, answer: Parameters<Played['answer']>[2]): void {
    const sentAtMs = NOW_MS - FAR_AWAY_MS;
    for (let page = 1; page <= pages; page++) {
      this.answer(segment, page * 100, { ...answer, sentAtMs });
    }
  }

  /** All pages that are written, and those that are for it. */
  #commit(told: SchedulerCommand[]): void {
    for (
      let commits = this.#commits(told);
      commits.length > 0;
      commits = this.#commits(this.said)
    ) {
      this.step(commits);
      told.push(...this.said);
    }
  }

  #commits(told: readonly SchedulerCommand[]): SchedulerEvent[] {
    return told.flatMap((each) => {
      if (each.type !== 'write') return [];
      const count = this.#records.get(each.taskId) ?? 0;
      const counts = {
        returned: count,
        inserted: count,
        updated: 0,
        duplicate: 0,
        quarantined: 0,
        known: 0,
      };
      return [{ type: 'committed', taskId: each.taskId, counts }];
    });
  }

  /** Whether a page of the segment is asked for. */
  asks(segment: number): boolean {
    return this.#tasks.has(segment);
  }

  get notices(): string[] {
    return this.said.flatMap((each) => (each.type === 'notice' ? [each.notice.event] : []));
  }

  /** Segment, and end of what they cover, of the pages that are written. */
  get written(): (readonly [number, Position | null])[] {
    return this.said.flatMap((each) =>
      each.type === 'write' ? [[each.segment, each.through] as const] : [],
    );
  }

  get outcome() {
    return this.said.find((each) => each.type === 'finish')?.outcome;
  }
}
