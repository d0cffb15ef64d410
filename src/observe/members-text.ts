/** The members of a run for a terminal of 80 columns, and the other runs that are shared. */
import {
  type ClusterView,
  livingMembers,
  type RunMembers,
  type SeenMember,
} from '../core/cluster-view.js';
import { clip, field } from './columns.js';
import { formatCount, formatDuration } from './eta.js';
import type { Paint } from './paint.js';
import { instantText } from './run-report-text.js';

const MEMBERS_MAX = 8;
const NAME_COLUMNS = 34;
const PHASE_COLUMNS = 13;

const PHASES = { walking: 'walking', idle: 'idle', atEnd: 'at its end' } as const;

export function membersOf({ runs }: ClusterView, run: number): RunMembers | null {
  return runs.find((each) => each.run === run) ?? null;
}

/** Nothing of a run that is not shared. */
export function memberLines(cluster: ClusterView, run: number, paint: Paint): string[] {
  const found = membersOf(cluster, run);
  if (found === null) return [];
  const { members } = found;
  const [only] = members;
  if (only === undefined) return field('members', 'none: it waits for a worker');
  if (members.length === 1 && !only.isDead) return field('member', aloneText(only));
  // Those who died are what one looks for; then those who have been there longest.
  const inOrder = [...members].sort((a, b) => Number(b.isDead) - Number(a.isDead));
  const more = members.length - MEMBERS_MAX;
  return [
    ...field('members', countText(found)),
    ...inOrder
      .slice(0, MEMBERS_MAX)
      .flatMap((member) => linesOfMember(member, cluster.atMs, paint)),
    ...(more > 0 ? [`    and ${more} more`] : []),
  ];
}

/** Where they are not what is looked at. */
export function otherRunLines({ runs }: ClusterView, run: number): string[] {
  const others = runs.filter((each) => each.run !== run);
  if (others.length === 0) return [];
  const texts = others.map((other) => {
    const living = livingMembers(other).length;
    return `run ${other.run} of ${other.source}.${other.stream} (${plural(living, 'member')})`;
  });
  return field('other runs', texts.join(', '));
}

/** `3 members`; empty where the run is not shared. */
export function membersText(cluster: ClusterView, run: number): string {
  const found = membersOf(cluster, run);
  return found === null ? '' : plural(livingMembers(found).length, 'member');
}

function countText(run: RunMembers): string {
  const living = livingMembers(run);
  const dead = run.members.length - living.length;
  const rate = living.reduce((sum, { figures }) => sum + figures.rowsPerSecond, 0);
  const lost = dead === 0 ? '' : `; ${dead} not heard of`;
  return `${living.length}, ${formatCount(rate)} rows/s together${lost}`;
}

function aloneText(member: SeenMember): string {
  const { name, phase, joinedAtMs, version } = member;
  const since = `since ${instantText(joinedAtMs)}`;
  return `${name}, ${PHASES[phase]}, ${plural(member.segments, 'segment')}, ${since}, version ${version}`;
}

function linesOfMember(member: SeenMember, atMs: number, paint: Paint): string[] {
  const { name, version, phase, isDead, joinedAtMs, leaseUntilMs, figures, segments } = member;
  const { rows, rowsPerSecond, requests, inFlight } = figures;
  const state = (isDead ? 'not heard of' : PHASES[phase]).padEnd(PHASE_COLUMNS);
  const rate = isDead ? '' : `${formatCount(rowsPerSecond)}/s`;
  const first = [
    `    ${clip(name, NAME_COLUMNS).padEnd(NAME_COLUMNS)} `,
    paint(isDead ? 'red' : 'bold', state),
    `${rate.padStart(8)} ${formatCount(rows).padStart(12)} rows`,
  ].join('');
  const since = `since ${instantText(joinedAtMs)}, ${plural(requests, 'request')}`;
  const under = isDead
    ? `lease over for ${formatDuration(atMs - leaseUntilMs)}, ${since}`
    : `${since}, ${formatCount(inFlight)} in flight, ${version}`;
  return [first, clip(`      ${under}`), ...(segments === 0 ? [] : [heldLine(member)])];
}

function heldLine({ segments, held }: SeenMember): string {
  const more = segments > held.length ? ' …' : '';
  return clip(`      holds ${plural(segments, 'segment')}: ${spansText(held)}${more}`);
}

/** Neighbours as one: `3, 7–10`. @param numbers rising */
export function spansText(numbers: readonly number[]): string {
  const spans: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = spans.at(-1);
    if (last?.to === number - 1) last.to = number;
    else spans.push({ from: number, to: number });
  }
  return spans.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}

function plural(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}
