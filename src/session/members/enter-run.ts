/**
 * Enters a run: joins those who work on it, or plans it.
 *
 *   members live ──▶ joined: what they leave is taken
 *   nobody does ───▶ planned from the ledger, and joined
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../../config/config.js';
import { type EnterAgain, entryOf, joinedPlan } from '../../core/entering.js';
import { planResume } from '../../core/resume.js';
import { ownSpan } from '../../core/taking.js';
import { openChildStore } from '../../database/child-store.js';
import type { Run } from '../../database/ledger-types.js';
import {
  type Joined,
  type Member,
  type MemberFacts,
  type MemberStore,
  openMemberStore,
} from '../../database/members.js';
import type { PlanSession } from '../../database/plan-lock.js';
import { openRunStore } from '../../database/run-store.js';
import { type Holder, openSegmentStore, type SegmentStore } from '../../database/segment-store.js';
import { nowMs } from '../../runtime/clock.js';
import { passOf, passText } from '../../source/pass.js';
import { chooseRun } from '../choose-pass.js';
import { type OpenSource, readingPass } from '../open-source.js';
import {
  earliestMs,
  type PreparedRun,
  prepareRun,
  type ReadyRun,
  type RunStores,
} from '../prepare-run.js';
import { UserError } from '../user-error.js';
import { VERSION } from '../version.js';

export interface EnteredRun extends ReadyRun {
  readonly joined: Joined;
}

export interface EnterTerms {
  readonly source: OpenSource;
  /** Whether others may be at work; else whoever seems to be is dead. */
  readonly isShared: boolean;
  /** Of the schedule's attempt before this one; null: there was none. */
  readonly lastRun: number | null;
}

interface EnterParts extends RunStores, EnterTerms {
  readonly members: MemberStore;
}

export interface EnterRunAgain extends EnterAgain {
  readonly run: number;
  /** How often it was planned when the process entered it. */
  readonly plan: number;
}

/** Resumes a run that others have begun. */
export const GOES_ON = { plan: 0, plansAnew: false, hasLeftOrder: false };

/**
 * One entry into a run. If the plan lock is lost, `enter` is called again: it leaves what the first attempt has joined,
 * and resumes the run that it has begun.
 */
export class Entering {
  readonly #config: Config;
  readonly #terms: EnterTerms;
  #again: EnterRunAgain | null;
  /** The latest run at the first attempt; 0: there was none. */
  #latestBefore: number | null = null;
  #joined: Holder | null = null;

  constructor(config: Config, terms: EnterTerms, again: EnterRunAgain | null = null) {
    this.#config = config;
    this.#terms = terms;
    this.#again = again;
  }

  /**
   * @param session that holds the plan lock
   * @returns the finished run instead, when there is one and nothing more is to be read
   * @throws UserError where the members that are at work have another version or source file; as `prepareRun`
   */
  async enter({ pool, patience }: PlanSession): Promise<{ readonly finished: Run } | EnteredRun> {
    const parts = {
      ...this.#terms,
      store: openRunStore(pool, { patience }),
      children: openChildStore(pool, patience),
      segments: openSegmentStore(pool, patience),
      members: openMemberStore(pool, patience),
    };
    const { segments, members, isShared } = parts;
    if (this.#joined !== null) {
      await segments.release(this.#joined);
      await members.leave(this.#joined);
    }
    const found = await this.#find(parts);
    if ('finished' in found) return found;
    const { run } = found.prepared.run;
    const { leaseMs } = this.#config;
    const joined = await members.join(run, memberFacts(parts.source), { leaseMs, isShared });
    const { epoch, plan } = joined;
    this.#joined = { run, epoch };
    const own = ownSpan(found.prepared.segments, found.prepared.plan.isOrdered);
    if (own !== null) await segments.claim(this.#joined, own, { steadyMs: 0, plan });
    return { ...found, joined };
  }

  async #find(parts: EnterParts): Promise<{ readonly finished: Run } | ReadyRun> {
    const { store, segments, members, source, isShared, lastRun } = parts;
    const latest = await store.findLatestRun(source.streamKey);
    const again = this.#asFound(latest);
    // Another member has begun and completed it since: each of them has the same schedule.
    const isOthers = isShared && lastRun !== null && latest !== null && latest.run > lastRun;
    if (latest?.status === 'complete' && isOthers) return { finished: latest };
    const others =
      isShared && latest?.status === 'running' ? await livingOf(members, latest.run) : [];
    if (latest !== null && others.length > 0) {
      requireAlike(latest, others, memberFacts(source));
      if (again === null) requireSamePass(this.#config, latest, others);
    }
    const entry = entryOf(again, again?.plan ?? 0, {
      isComplete: latest?.status === 'complete',
      living: others.length,
      ...(latest === null ? UNPLANNED : await planOf(segments, latest.run)),
    });
    if (latest !== null && entry === 'finished') return { finished: latest };
    if (again?.hasLeftOrder && entry === 'plan') await segments.plan(again.run, [], true);
    if (latest !== null && entry === 'join') return joinedRun(parts, latest);
    const config = again === null ? this.#config : goingOn(this.#config);
    return prepareRun(config, parts, source, nowMs());
  }

  /** A run that began after the first attempt is the one asked for. It may be this process's own, from before its lock was lost. */
  #asFound(latest: Run | null): EnterRunAgain | null {
    this.#latestBefore ??= latest?.run ?? 0;
    if (this.#again === null && latest !== null && latest.run > this.#latestBefore) {
      this.#again = { run: latest.run, ...GOES_ON };
    }
    return this.#again;
  }
}

const UNPLANNED = { plan: 0, hasLeftOrder: false };

async function planOf(segments: SegmentStore, run: number) {
  const { plan } = await segments.look(run, false);
  return { plan, hasLeftOrder: await segments.hasLeftOrder(run) };
}

/** Whatever was asked for has begun. */
function goingOn(config: Config): Config {
  return { ...config, restart: false, asked: { type: 'next' } };
}

/** @throws UserError where another run is asked for than the one that others are at */
function requireSamePass(config: Config, latest: Run, [other]: readonly Member[]): void {
  const { asked, runsAgain } = config;
  const choice = chooseRun({ asked, runsAgain, latest, incremental: null, watermark: null });
  if (!config.restart && choice.type === 'goOn') return;
  throw new UserError(
    `Run ${latest.run}, which reads ${passText(passOf(latest.settings))}, is worked on by ${other?.name}. ` +
      'Join it without --restart, --full, --since and --until, or wait until it is over.',
    'usage',
  );
}

export function memberFacts({ sourceSpec }: OpenSource): MemberFacts {
  const plan = JSON.stringify(sourceSpec.plan);
  const sourceDigest = createHash('sha256').update(plan).digest('hex').slice(0, 16);
  return { name: memberName(), version: VERSION, sourceDigest };
}

export function memberName(): string {
  return `${hostname()} process ${process.pid}`;
}

export async function livingOf(members: MemberStore, run: number): Promise<Member[]> {
  return (await members.list(run)).filter(({ isDead }) => !isDead);
}

/** Members that read the API differently would each prove something else. @throws UserError */
function requireAlike({ run, source }: Run, others: readonly Member[], own: MemberFacts): void {
  const ofVersion = others.find(({ version }) => version !== own.version);
  if (ofVersion !== undefined) {
    throw new UserError(
      `Run ${run} is worked on by ${ofVersion.name} with version ${ofVersion.version}, and this is version ${own.version}. ` +
        'Members of one run must have the same version: end those of the other one, or start this one once the run is over.',
      'usage',
    );
  }
  const ofFile = others.find(({ sourceDigest }) => sourceDigest !== own.sourceDigest);
  if (ofFile !== undefined) {
    throw new UserError(
      `Run ${run} is worked on by ${ofFile.name} with another source file for ${source} than this one. ` +
        'Give all members the same file.',
      'usage',
    );
  }
}

/** As the ledger has it now: others go on. */
async function joinedRun(
  { store, segments, children, source: opened }: EnterParts,
  run: Run,
): Promise<ReadyRun> {
  const source = readingPass(opened, passOf(run.settings));
  const { paging, within, parent } = source.spec;
  const isOfChildren = parent !== null;
  const pages = isOfChildren ? [] : await store.loadPages(run.run);
  const hasLeftOrder = await segments.hasLeftOrder(run.run);
  const plan = planResume(pages, { paging, within, nowMs: nowMs(), hasLeftOrder });
  const totals = await store.loadTotals(run.run);
  const prepared: PreparedRun = {
    ...{ run, totals, pages, resumedFrom: totals.pages, segments: [], earlierRun: null },
    plan: joinedPlan(plan),
    earliestMs: earliestMs(pages),
    children: isOfChildren ? { ...(await children.count(run.run)), warning: null } : null,
  };
  return { prepared, source };
}
