/** The plan: which probes fit the budget, and what is said of them before anything is asked. */

import { type ExploreScope, PAGES, type Probe } from './probe.js';
import { cursorLife, MANIFEST, manifest, otherLists } from './probes/beside.js';
import { provocationCost, refusedCalls, windowKind } from './probes/limits.js';
import {
  farEnd,
  firstPage,
  largestPage,
  moreSamples,
  secondPage,
  smallPage,
} from './probes/pages.js';
import { seekProbe } from './probes/seek.js';
import { compression, fourAtOnce, twoAtOnce } from './probes/together.js';

/** In the order of asking: what later ones rest on comes first, what waits comes last. */
const PROBES: readonly Probe[] = [
  manifest,
  firstPage,
  largestPage,
  secondPage,
  seekProbe,
  compression,
  twoAtOnce,
  smallPage,
  fourAtOnce,
  farEnd,
  otherLists,
  windowKind,
  moreSamples,
  cursorLife,
  refusedCalls,
];

/** Of these the least is dropped first when the budget is small. */
const BY_WORTH: readonly Probe[] = [
  manifest,
  firstPage,
  largestPage,
  secondPage,
  otherLists,
  seekProbe,
  windowKind,
  twoAtOnce,
  farEnd,
  compression,
  smallPage,
  fourAtOnce,
  cursorLife,
  refusedCalls,
  moreSamples,
];

const DEFAULT_BUDGET = 12;
const THOROUGH_BUDGET = 44;

export interface Plan {
  readonly probes: readonly Probe[];
  /** Wanted but too dear for the budget. */
  readonly dropped: readonly Probe[];
  /** Of no use for the stream, and what it lacks. */
  readonly unfit: readonly { readonly name: string; readonly reason: string }[];
  /** Requests at most, by bucket. */
  readonly requests: Readonly<Record<string, number>>;
  readonly secondsAbout: number;
}

export function defaultBudget(scope: Omit<ExploreScope, 'budget'>): number {
  const base = scope.isThorough ? THOROUGH_BUDGET : DEFAULT_BUDGET;
  return base + (scope.doesProvoke ? provocationCost(scope.expected.policy?.quota) : 0);
}

export function makePlan(scope: ExploreScope): Plan {
  const chosen = new Set<Probe>();
  const dropped: Probe[] = [];
  const unfit: { name: string; reason: string }[] = [];
  let spent = 0;
  for (const probe of BY_WORTH.filter(({ isWanted }) => isWanted(scope))) {
    const reason = probe.lacks?.(scope.subject) ?? null;
    const cost = probe.cost(scope)[PAGES] ?? 0;
    if (reason !== null) unfit.push({ name: probe.name, reason });
    else if (spent + cost > scope.budget) dropped.push(probe);
    else {
      chosen.add(probe);
      spent += cost;
    }
  }
  const probes = PROBES.filter((probe) => chosen.has(probe));
  return {
    ...{ probes, dropped, unfit, secondsAbout: secondsAbout(probes, scope) },
    requests: { [scope.subject.bucket]: scope.budget, ...besidePages(scope) },
  };
}

/** Requests at most, by bucket, of those that are not for pages. */
function besidePages({ subject: { beside } }: ExploreScope): Readonly<Record<string, number>> {
  if (beside === null) return {};
  return { ...Object.fromEntries(beside.lists.map((name) => [name, 1])), [MANIFEST]: 1 };
}

/** Answers come one after the other; the window passes while they do. */
function secondsAbout(probes: readonly Probe[], scope: ExploreScope): number {
  const { latencyMs, policy } = scope.expected;
  const requests = probes.reduce((sum, probe) => {
    return sum + Object.values(probe.cost(scope)).reduce((total, count) => total + count, 0);
  }, 0);
  const waits = probes.map((probe) => probe.waitsAboutMs(scope));
  const [windowMs, ...others] = waits.sort((a, b) => b - a);
  const answersMs = requests * latencyMs;
  const ofPages = requests - Object.keys(besidePages(scope)).length;
  const limitedMs = policy === null ? 0 : Math.floor(ofPages / policy.quota) * policy.windowMs;
  const waitedMs = others.reduce((sum, ms) => sum + ms, 0);
  return Math.ceil((Math.max(answersMs, windowMs ?? 0, limitedMs) + waitedMs) / 1000);
}
