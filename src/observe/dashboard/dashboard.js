/** The dashboard: what the server tells goes to the parts of the page. */
import { Chart } from './charts.js';
import { count, short, timeOfDay, zone } from './format.js';
import { fill, showLive, showSchedule, showState, showTroubleBanner } from './live.js';
import { isMember, showMembers } from './members.js';
import { refreshRuns } from './runs.js';
import { listen } from './stream.js';
import { showStreams } from './streams.js';

const RUNS_EVERY_MS = 5_000;
const RUNS_EVERY_MS_LIVE = 15_000;
/** What earlier starts of a run have left in the charts, at most. */
const EARLIER_POINTS_MAX = 600;

const LINKS = {
  connecting: 'connecting',
  live: 'connected to the program',
  lost: 'connection lost, trying again',
  displaced: 'another page has taken the place of this one: reload it to look on here',
  ended: 'the program has ended; waiting for a next start',
};

/** Without a run of its own, by the command of the process. */
const IDLE = {
  ingest: {
    where: 'starting',
    state: 'starting',
    notice: 'The ingestion is starting: figures come with its first page.',
  },
  serve: {
    where: 'no ingestion in this process',
    state: 'idle',
    notice: 'No ingestion runs in this process. The runs below are what the ledger holds.',
  },
};
const HELPS = {
  where: 'a worker, which helps with runs that others have begun',
  state: 'running',
  notice: 'This worker has no run of its own. Its part of each run that it helps with is below.',
};
const WAITS = {
  where: 'a worker, which waits for runs that are shared over Redis',
  state: 'idle',
  notice: 'This worker helps with no run now: it waits for one that is shared over Redis.',
};

const byId = (id) => document.getElementById(id);

const charts = {
  rows: new Chart(
    byId('chart-rows'),
    [
      { label: 'rows per second', color: '--accent', isFilled: true, format: count },
      { label: 'rows', color: '--series-2', scale: 'rows', format: count },
    ],
    { y: short, rows: short },
  ),
  requests: new Chart(
    byId('chart-requests'),
    [
      { label: 'sent', color: '--accent', format: count },
      { label: 'permitted', color: '--muted', isDashed: true, isStepped: true, format: count },
    ],
    { y: short },
  ),
  stages: new Chart(
    byId('chart-stages'),
    [
      { label: 'fetch', color: '--accent', isStepped: true, format: count },
      { label: 'scan', color: '--series-3', isStepped: true, format: count },
      { label: 'write', color: '--warn', isStepped: true, format: count },
      {
        label: 'MB uncommitted',
        color: '--muted',
        scale: 'bytes',
        isDashed: true,
        format: megabytes,
      },
    ],
    { y: short, bytes: megabytes },
  ),
};

// What scrolls must be reachable by keyboard, in browsers too that do not see to it themselves.
for (const region of document.querySelectorAll('.scroll')) region.tabIndex = 0;

/** Points of this start, and of earlier ones that this page has seen. */
let columns = null;
let earlier = null;
let shownStart = null;
let shownState = null;
let isLive = false;

listen({
  history({ columns: sent }) {
    if (sent === undefined) return;
    // A new start sends a history of its own before the first snapshot that names it.
    if (columns !== null && sent.atMs.length > 0 && isLaterStart(sent)) earlier = withGap(columns);
    columns = sent;
    draw();
  },
  snapshot(snapshot) {
    const { atMs, live, streams, trouble, schedule, log } = snapshot;
    isLive = live !== null;
    for (const part of document.querySelectorAll('.live')) part.hidden = live === null;
    byId('notice').hidden = live !== null;
    if (live === null) showIdle(snapshot);
    else {
      append(live);
      showLive(live, atMs);
      // A run that does not get on is not told apart from one that does by its state alone.
      showState(trouble === null ? live.state : 'troubled');
      if (live.state !== shownState) void refreshRuns();
      shownState = live.state;
    }
    showStreams(streams);
    showMembers(snapshot);
    showTroubleBanner(trouble, atMs);
    showSchedule(schedule, atMs);
    fill({ zone: zone(atMs) });
    showLog(log);
  },
  link(state) {
    const element = byId('link');
    if (element.dataset.link === state) return;
    element.dataset.link = state;
    element.textContent = LINKS[state];
    document.body.classList.toggle('stale', state === 'lost' || state === 'displaced');
    if (state === 'live') void refreshRuns();
  },
});

function refreshAgain() {
  const everyMs = isLive ? RUNS_EVERY_MS_LIVE : RUNS_EVERY_MS;
  setTimeout(async () => {
    if (byId('link').dataset.link === 'live' && !document.hidden) await refreshRuns();
    refreshAgain();
  }, everyMs);
}
refreshAgain();

function showIdle(snapshot) {
  const { command } = snapshot;
  const { where, state, notice } =
    command === 'worker' ? (isMember(snapshot) ? HELPS : WAITS) : IDLE[command];
  fill({ where });
  showState(state);
  byId('notice').textContent = notice;
}

function isLaterStart(sent) {
  const last = columns.atMs.at(-1);
  return last !== undefined && sent.atMs[0] > last;
}

/** Every column followed by one point without a value, where the line breaks. */
function withGap(old) {
  return Object.fromEntries(
    Object.entries(old).map(([name, values]) => {
      const kept = [...(earlier?.[name] ?? []), ...values].slice(-EARLIER_POINTS_MAX);
      return [name, [...kept, name === 'atMs' ? (kept.at(-1) ?? 0) + 1 : null]];
    }),
  );
}

function append({ run, sample }) {
  if (shownStart !== null && shownStart !== run) earlier = null;
  shownStart = run;
  if (sample === null || columns === null) return;
  if ((columns.atMs.at(-1) ?? 0) >= sample.atMs) return;
  for (const [name, value] of Object.entries(sample)) columns[name].push(value);
  draw();
}

function draw() {
  const column = (name) => [...(earlier?.[name] ?? []), ...columns[name]];
  const seconds = column('atMs').map((atMs) => atMs / 1000);
  charts.rows.show([seconds, column('rowsPerSecond'), column('rows')]);
  charts.requests.show([seconds, column('requests'), column('permitted')]);
  const stages = ['fetching', 'scanning', 'writing', 'heldBytes'];
  charts.stages.show([seconds, ...stages.map(column)]);
}

function showLog(entries) {
  byId('log-card').hidden = entries.length === 0;
  const log = byId('log');
  const newest = entries.at(-1);
  if (newest === undefined || log.dataset.newest === `${newest.at} ${newest.id}`) return;
  log.dataset.newest = `${newest.at} ${newest.id}`;
  const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
  log.replaceChildren(
    ...entries.map(({ at, level, message }) => {
      const line = document.createElement('p');
      line.dataset.level = level;
      const time = document.createElement('time');
      time.textContent = timeOfDay(at);
      const name = document.createElement('b');
      name.textContent = level;
      line.append(time, name, message);
      return line;
    }),
  );
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function megabytes(value) {
  return `${Math.round(value / 1e5) / 10}`;
}
