/**
 * Probes of the limit: whether its window slides, and whether refused calls count.
 *
 *   starts    │1 2 3 4        s          c
 *             └───────── window ────────┘│        c comes when 1 has left and s has not:
 *                                                 a sliding log then holds s and c, a fixed one c
 */
import { bindingLimit } from '../../core/limit-headers.js';
import { isLetIn } from '../answer.js';
import type { Answer } from '../observations.js';
import { askPage, largestGranted, PAGES, type Probe, type ProbeContext } from '../probe.js';
import { spots } from '../spots.js';

/** Longer windows are waited for only when asked to be thorough. */
const WINDOW_MS_MAX = 70_000;
/** A start this late in the window is still logged when the early ones have left. */
const SPACER_AT = 0.8;
/** A gap between starts is wide when it is this share of the widest. */
const WIDE_SHARE = 0.6;
/** Distance from the instant at which a start leaves; the inference takes less for too near. */
const EDGE_MIN_MS = 60;
const EDGE_SHARE = 0.03;
/** Starts with a gap like this need no spacer: whole seconds hide less of the window. */
const GAP_MIN_MS = 1_100;
const GAP_SHARE = 0.05;

/** A bucket that leaks shows within moments how fast; a window's end would be waited for in vain. */
const LEAK_PAUSES_MS = [1_000, 3_000];

export const windowKind: Probe = {
  name: 'window',
  asks: 'whether the window of the limit slides or is fixed, or a bucket leaks',
  cost: () => ({ [PAGES]: 2 }),
  waitsAboutMs({ expected: { policy }, isThorough }) {
    const windowMs = policy?.windowMs ?? 0;
    return windowMs > WINDOW_MS_MAX && !isThorough ? 0 : windowMs * 1.2;
  },
  isWanted: () => true,
  async run(context) {
    const { asker, notebook, scope } = context;
    const { windowMs } = asker.toldPolicy(PAGES) ?? { windowMs: 0 };
    const starts = () => asker.starts(PAGES).map(({ sentAtMs }) => sentAtMs);
    const hasRemaining = asker
      .starts(PAGES)
      .some(({ limits }) => bindingLimit(limits)?.remaining != null);
    if (!asker.isLearned(PAGES) || !hasRemaining) {
      notebook.skipped.set('window', 'no answer says what is left of a limit');
      return;
    }
    if (asker.isLeaky(PAGES)) {
      for (const pauseMs of LEAK_PAUSES_MS) {
        await asker.sleepUntil(Math.max(...starts()) + pauseMs);
        await askMiddle(context);
      }
      return;
    }
    if (windowMs > WINDOW_MS_MAX && !scope.isThorough) {
      notebook.skipped.set('window', `it needs a wait of ${windowMs / 1000} s: --thorough`);
      return;
    }
    const firstMs = Math.min(...starts());
    if (Math.max(...gapsOf(starts())) < Math.max(GAP_MIN_MS, windowMs * GAP_SHARE)) {
      await asker.sleepUntil(firstMs + windowMs * SPACER_AT);
      await askMiddle(context);
    }
    await asker.sleepUntil(timeToCheck(starts(), windowMs));
    await askMiddle(context);
  },
};

/**
 * When some starts have left a sliding log and others have not, and none is about to: just after the
 * one before the first wide gap has left.
 */
function timeToCheck(startsMs: readonly number[], windowMs: number): number {
  const ascending = [...startsMs].sort((a, b) => a - b);
  const gaps = gapsOf(startsMs);
  const wideMs = Math.max(...gaps) * WIDE_SHARE;
  const at = gaps.findIndex((gapMs) => gapMs >= wideMs);
  const marginMs = Math.min((gaps[at] ?? 0) / 2, Math.max(EDGE_MIN_MS, windowMs * EDGE_SHARE));
  return (ascending[at] ?? 0) + windowMs + marginMs;
}

function gapsOf(startsMs: readonly number[]): number[] {
  const ascending = [...startsMs].sort((a, b) => a - b);
  return ascending.slice(1).map((startMs, index) => startMs - (ascending[index] ?? 0));
}

/** Half the largest page: tells of the latency of a middle size as well. */
async function askMiddle(context: ProbeContext): Promise<void> {
  const limit = Math.ceil(largestGranted(context) / 2);
  const [spot] = spots(context, 1, limit);
  await askPage(context, { ...(spot ?? { cursor: null }), limit });
}

const REFUSALS = 3;
/** Quotas above this are not provoked: it would be an attack. */
const PROVOKED_QUOTA_MAX = 60;

/** Where nothing is known of a limit, this is planned with. */
const QUOTA_EXPECTED = 10;

/** The quota, the refusals, the question afterwards. */
export function provocationCost(quota = QUOTA_EXPECTED): number {
  return quota + REFUSALS + 1;
}

export const refusedCalls: Probe = {
  name: 'refused calls',
  asks: 'whether refused calls count against the limit (runs into it on purpose)',
  cost: ({ expected }) => ({ [PAGES]: provocationCost(expected.policy?.quota) }),
  waitsAboutMs: ({ expected }) => (expected.policy?.windowMs ?? 0) * 2.5,
  isWanted: ({ doesProvoke }) => doesProvoke,
  async run(context) {
    const { asker, notebook } = context;
    const policy = asker.toldPolicy(PAGES);
    if (policy === null || !asker.isLearned(PAGES) || policy.quota > PROVOKED_QUOTA_MAX) {
      notebook.skipped.set('refused calls', 'no limit is known, or it is too high to provoke');
      return;
    }
    const { quota, windowMs } = policy;
    if (asker.isLeaky(PAGES)) {
      notebook.skipped.set('refused calls', 'a bucket that leaks forgets them within a moment');
      return;
    }
    if (asker.left(PAGES) < provocationCost(quota)) {
      notebook.skipped.set(
        'refused calls',
        `it takes ${provocationCost(quota)} requests: --budget`,
      );
      return;
    }
    await asker.drain(PAGES);
    const accepted: Answer[] = [];
    const burst = await Promise.all(Array.from({ length: quota }, () => askRecklessly(context)));
    for (const answer of burst)
      if (answer !== null && isLetIn(answer.status)) accepted.push(answer);
    // Some way behind the last accepted one, so that there is a time when only the refused are left.
    const gapMs = Math.max(300, windowMs * 0.15);
    await asker.sleepUntil(Math.max(...accepted.map((answer) => answer.sentAtMs)) + gapMs);
    const refused: Answer[] = [];
    for (let turn = 0; turn < REFUSALS; turn++) {
      const answer = await askRecklessly(context);
      if (answer?.status === 429) refused.push(answer);
      else if (answer !== null && isLetIn(answer.status)) accepted.push(answer);
    }
    if (refused.length === 0) {
      notebook.refusal = { type: 'notRefused', requests: accepted.length };
      return asker.drain(PAGES);
    }
    const lastAcceptedMs = Math.max(...accepted.map((answer) => answer.sentAtMs));
    const firstRefusedMs = Math.min(...refused.map((answer) => answer.sentAtMs));
    const askAtMs = (lastAcceptedMs + firstRefusedMs) / 2 + windowMs;
    await asker.sleepUntil(askAtMs);
    const again = await askRecklessly(context);
    notebook.refusal = {
      type: 'refused',
      refused: refused.length,
      acceptedInWindow: accepted.filter(({ sentAtMs }) => sentAtMs > askAtMs - windowMs).length,
      quota,
      remainingAfter: remainingOf(quota, again),
      retryAfterMs: refused[0]?.limits?.retryAfter?.spanMs ?? null,
    };
    await asker.drain(PAGES);
  },
};

/** What is left of the limit with that quota: an API may have several. */
function remainingOf(quota: number, answer: Answer | null): number | null {
  const limits = answer?.limits?.limits ?? [];
  const said = limits.find((limit) => limit.quota === null || limit.quota === quota);
  return said?.remaining ?? null;
}

async function askRecklessly({ asker, pages }: ProbeContext): Promise<Answer | null> {
  const wish = { cursor: null, limit: 1 };
  const asked = await asker.ask({
    ...{ bucket: PAGES, request: pages.request(wish), isReckless: true },
    read: (received) => pages.read(received, wish),
  });
  return asked.type === 'overBudget' ? null : asked.answer;
}
