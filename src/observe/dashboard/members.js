/** The members of shared runs, and what each holds. Text only; nothing is read as markup. */
import { count, duration, instant, percent, timeOfDay } from './format.js';

const card = document.getElementById('members-card');
const lead = document.getElementById('members-lead');
const note = document.getElementById('members-note');
const table = document.getElementById('members');

/** By phase: its name, what it means, and the state whose colour it has. */
const PHASES = {
  walking: ['walking', 'It walks its segments.', 'running'],
  idle: ['idle', 'It has nothing to walk, and waits for a segment.', 'idle'],
  atEnd: ['at its end', 'It waits for all others before it believes an end.', 'finishing'],
};
const DEAD = ['not heard of', 'Its lease is over: others take what it holds.', 'failed'];

const COLUMNS = 8;
/** Of neighbouring segments. */
const SPANS_MAX = 6;
/** The ledger is asked every second or two. */
const SILENCE_MS = 15_000;
/** Of the text of an instant. */
const DATE_CHARS = 10;
const MINUTE_CHARS = 16;

// Where lines are stacked they are no table by their style: roles say that they are one.
table.setAttribute('role', 'table');

/** The view that is shown, and when it came. */
let shown = { atMs: 0, cameAtMs: 0 };

/** @param {{ cluster: object | null, progress: object[], ownName: string, atMs: number }} snapshot */
export function showMembers({ cluster, progress, ownName, atMs }) {
  const runs = cluster?.runs ?? [];
  card.hidden = runs.length === 0;
  if (card.hidden) return;
  if (cluster.atMs !== shown.atMs) shown = { atMs: cluster.atMs, cameAtMs: atMs };
  note.hidden = atMs - shown.cameAtMs < SILENCE_MS;
  note.textContent = `The ledger cannot be asked now: this is of ${timeOfDay(cluster.atMs)}.`;
  lead.textContent = leadText(runs);
  const groups = runs.map((run) => {
    const known = progress.find((each) => each.run === run.run);
    return groupOf(run, known, { atMs: cluster.atMs, ownName });
  });
  table.replaceChildren(table.tHead, ...groups);
}

/** Whether this process works on a shared run. @param {{ cluster: object | null, ownName: string }} snapshot */
export function isMember({ cluster, ownName }) {
  const members = (cluster?.runs ?? []).flatMap((run) => run.members);
  return members.some(({ name, isDead }) => name === ownName && !isDead);
}

function leadText(runs) {
  const members = runs.flatMap((run) => run.members);
  const living = members.filter(({ isDead }) => !isDead);
  const dead = members.length - living.length;
  const shared = `${plural(runs.length, 'shared run')}, ${plural(living.length, 'member')}`;
  const lost = dead === 0 ? '' : `; ${count(dead)} not heard of`;
  return `${shared}, ${count(rateOf(living))} rows/s together${lost}`;
}

function groupOf(run, known, { atMs, ownName }) {
  const group = element('tbody', 'members-group', 'rowgroup');
  group.dataset.run = String(run.run);
  const head = element('th', 'members-cell members-run', 'rowheader');
  head.scope = 'rowgroup';
  head.colSpan = COLUMNS;
  head.append(
    text('strong', `Run ${run.run} · ${run.source}.${run.stream}`),
    text('span', run.origin, 'members-origin muted small'),
  );
  if (known !== undefined) head.append(progressOf(known));
  group.append(line([head]));
  // Those who died first: they are what one looks for.
  const inOrder = [...run.members].sort((a, b) => Number(b.isDead) - Number(a.isDead));
  group.append(...inOrder.map((member) => memberLine(member, atMs, ownName)));
  if (run.members.some(({ isDead }) => !isDead)) return group;
  const none = element('td', 'members-cell members-none muted', 'cell');
  none.colSpan = COLUMNS;
  none.textContent = 'Nobody works on it: a worker goes on with it, or an ingestion with --redis.';
  group.append(line([none]));
  return group;
}

function progressOf({ rows, total }) {
  const found = text('div', '', 'members-progress small');
  if (total === null) {
    found.append(`${count(rows)} rows`);
    return found;
  }
  const share = Math.min(1, rows / Math.max(1, total));
  const filled = document.createElement('span');
  filled.style.width = `${share * 100}%`;
  const bar = text('div', '', 'bar thin');
  bar.append(filled);
  found.append(bar, `${count(rows)} of ${count(total)} rows, ${percent(share)}`);
  return found;
}

function memberLine(member, atMs, ownName) {
  const { name, version, figures, isDead, joinedAtMs } = member;
  const isOwn = name === ownName && !isDead;
  const head = element('th', 'members-cell member', 'rowheader');
  head.scope = 'row';
  head.append(
    text('span', name, 'member-name'),
    text('span', `version ${version}${isOwn ? ' · this process' : ''}`, 'muted small'),
  );
  const row = line([
    head,
    cell(null, phaseOf(member, atMs), 'member-phase'),
    number('Rows/s', isDead ? null : figures.rowsPerSecond),
    number('Rows', figures.rows),
    number('Requests', figures.requests),
    number('In flight', isDead ? null : figures.inFlight),
    cell('Segments held', heldOf(member), 'member-held'),
    cell('Since', sinceOf(joinedAtMs, atMs), 'member-since'),
  ]);
  row.dataset.member = name;
  return row;
}

function phaseOf({ phase, isDead, leaseUntilMs }, atMs) {
  const [name, meaning, state] = isDead ? DEAD : (PHASES[phase] ?? [phase, '', 'idle']);
  const pill = text('span', name, 'pill');
  pill.dataset.state = state;
  pill.title = meaning;
  return isDead ? [pill, part(`lease over for ${duration(atMs - leaseUntilMs)}`)] : [pill];
}

function heldOf({ segments, held }) {
  if (segments === 0) return [text('span', 'none', 'muted')];
  const all = spans(held);
  const listed = all.slice(0, SPANS_MAX);
  const isWhole = segments === held.length && listed.length === all.length;
  return [text('span', count(segments)), part(`${listed.join(', ')}${isWhole ? '' : ' …'}`)];
}

/** Neighbours as one: `3`, `7–10`. @param {number[]} numbers rising */
function spans(numbers) {
  const found = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last.to + 1 === number) last.to = number;
    else found.push({ from: number, to: number });
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`));
}

/** The time of day alone tells it only today. */
function sinceOf(sinceMs, atMs) {
  const isToday = instant(sinceMs).slice(0, DATE_CHARS) === instant(atMs).slice(0, DATE_CHARS);
  const at = isToday ? timeOfDay(sinceMs) : instant(sinceMs).slice(0, MINUTE_CHARS);
  return [text('span', at), part(duration(atMs - sinceMs))];
}

function rateOf(members) {
  return members.reduce((sum, { figures }) => sum + figures.rowsPerSecond, 0);
}

function plural(number, what) {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`;
}

function line(cells) {
  const row = element('tr', 'member-line', 'row');
  row.append(...cells);
  return row;
}

function number(label, value) {
  return cell(label, [text('span', count(value))], 'num');
}

/** @param {string | null} label null: it needs none */
function cell(label, content, className = '') {
  const found = element('td', `members-cell ${className}`, 'cell');
  if (label !== null) found.dataset.label = label;
  found.append(...content);
  return found;
}

/** Below what matters more. */
function part(content) {
  return text('span', content, 'member-part muted small');
}

function text(tag, content, className = '') {
  const found = document.createElement(tag);
  found.className = className;
  found.textContent = content;
  return found;
}

function element(tag, className, role) {
  const found = document.createElement(tag);
  found.className = className;
  found.setAttribute('role', role);
  return found;
}
