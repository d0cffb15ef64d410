/** The run of this process: writes a snapshot into the page. Text only; nothing is read as markup. */
import { bytes, count, duration, instant, milliseconds, percent } from './format.js';
import { showSegments } from './segments.js';

/** What requests wait for, in the order of the bar. */
const WAITS = [
  ['permit', "the API's limit", '--accent'],
  ['answer', "the API's answers", '--series-2'],
  ['slot', 'a free slot (WORKER_CONCURRENCY)', '--series-3'],
  ['credit', 'rows to be committed', '--warn'],
  ['end', 'nothing more to ask for', '--muted'],
];

const STATES = {
  starting: 'starting',
  running: 'running',
  finishing: 'finishing',
  complete: 'complete',
  paused: 'paused',
  failed: 'failed',
  troubled: 'held up',
};

const GOES_ON = new Set(['starting', 'running', 'finishing']);

const byId = (id) => document.getElementById(id);

/** @param {Record<string, string>} texts by the name of their field */
export function fill(texts) {
  for (const [name, text] of Object.entries(texts)) {
    for (const element of document.querySelectorAll(`[data-field="${name}"]`)) {
      if (element.textContent !== text) element.textContent = text;
    }
  }
}

/** @param {object} live a snapshot's run @param {number} atMs when it was taken */
export function showLive(live, atMs) {
  const { rows, requests } = live;
  setBar(byId('progress'), rows.share);
  fill({
    where: `Run ${live.run} · ${live.source} · ${live.origin}`,
    'rows.ingested': count(rows.ingested),
    'rows.total': rows.total === null ? 'unknown' : count(rows.total),
    'rows.share': percent(rows.share),
    'rows.returned': count(rows.returned),
    'rows.inserted': count(rows.inserted),
    'rows.updated': count(rows.updated),
    'rows.duplicate': count(rows.duplicate),
    'rows.quarantined': count(rows.quarantined),
    rate: count(live.rowsPerSecond),
    rateRecent: live.recentRowsPerSecond === null ? '–' : `${count(live.recentRowsPerSecond)}/s`,
    duration: duration(live.durationMs),
    pages: count(live.pages),
    bytes: bytes(live.bytes),
    'requests.sent': count(requests.sent),
    'requests.permittedText': permittedText(requests),
    'requests.refused': count(requests.refused),
    'requests.retries': count(requests.retries),
    memory: bytes(live.memoryBytes),
    loopDelay: `${milliseconds(live.loopDelayP99Ms)} ms`,
    resumed:
      live.resumedFrom === null
        ? ''
        : `Resumed from ${count(live.resumedFrom)} committed pages. Rows and pages are the whole run's; requests, time and bytes are of this start.`,
    shared:
      live.members === null
        ? ''
        : `Shared by ${live.members === 1 ? '1 member' : `${count(live.members)} members`}: rows, share and time left are those of all, the other figures those of this process.`,
    ...etaTexts(live),
    ...showSegments(live.segments, live.resumedFrom !== null),
  });
  byId('resumed').hidden = live.resumedFrom === null;
  byId('shared').hidden = live.members === null;
  showLimit(live.limit, atMs);
  showBottleneck(live);
  showLatency(live);
  showTrouble(live);
}

/**
 * What keeps the run from getting on, as a banner.
 *
 * @param {object | null} trouble of a snapshot @param {number} atMs when it was taken
 */
export function showTroubleBanner(trouble, atMs) {
  byId('trouble').hidden = trouble === null;
  if (trouble === null) return;
  const { title, message, remedy, sinceMs, failures, nextAttemptMs } = trouble;
  const attempts = failures === 1 ? '1 failed attempt' : `${count(failures)} failed attempts`;
  const next =
    nextAttemptMs === null
      ? 'an attempt is under way.'
      : `next attempt ${nextAttemptMs <= atMs ? 'now' : `in ${duration(nextAttemptMs - atMs)}, at ${instant(nextAttemptMs)}`}.`;
  fill({
    'trouble.title': title,
    'trouble.message': remedy === null ? message : `${message}. ${remedy}`,
    'trouble.times': `Since ${instant(sinceMs)} (${duration(atMs - sinceMs)}), ${attempts}; ${next}`,
  });
}

/**
 * When the next run begins, where they begin by themselves.
 *
 * @param {object | null} schedule of a snapshot @param {number} atMs when it was taken
 */
export function showSchedule(schedule, atMs) {
  byId('schedule').hidden = schedule === null;
  if (schedule === null) return;
  const { text, nextRunAtMs } = schedule;
  const next =
    nextRunAtMs === null
      ? 'a run is at work'
      : `next run at ${instant(nextRunAtMs)}, in ${duration(Math.max(0, nextRunAtMs - atMs))}`;
  fill({ schedule: `On a schedule (${text}): ${next}` });
}

/** @param {string} state */
export function showState(state) {
  fill({ state: STATES[state] ?? state });
  document.querySelector('[data-field="state"]').dataset.state = state;
}

function permittedText({ permitted, utilisation }) {
  if (permitted === null) return ', no limit is known';
  const used = utilisation === null ? '' : `, ${percent(utilisation)} of the limit used`;
  return ` of ${count(permitted)} permitted${used}`;
}

function etaTexts({ eta, state, reason, resumeAtMs, durationMs }) {
  if (eta !== null) {
    const bound = eta.boundBy === 'limit' ? "bound by the API's limit" : 'bound by speed';
    return { eta: `${duration(eta.remainingMs)} left`, etaBound: bound };
  }
  if (state === 'complete') return { eta: `Complete in ${duration(durationMs)}`, etaBound: '' };
  if (GOES_ON.has(state)) {
    return { eta: 'No estimate yet', etaBound: '' };
  }
  const resume = resumeAtMs === null ? '' : `resume at ${instant(resumeAtMs)}`;
  return { eta: reason ?? 'Stopped; a next start goes on from here', etaBound: resume };
}

function showLimit(limit, atMs) {
  byId('window').hidden = limit === null;
  if (limit === null) return;
  const { quota, windowMs, used, comingMs } = limit;
  setBar(byId('window-bar'), used / quota);
  const marks = comingMs
    .map((startMs) => (startMs - atMs) / windowMs)
    .filter((share) => share <= 1.02)
    .map((share) => {
      const mark = document.createElement('i');
      mark.style.left = `${Math.min(100, Math.max(0, share * 100))}%`;
      return mark;
    });
  byId('permits').replaceChildren(...marks);
  const nextMs = (comingMs[0] ?? atMs) - atMs;
  fill({
    'limit.used': `${count(used)} of ${count(quota)} used`,
    'limit.next': nextMs <= 0 ? 'now' : `next in ${(nextMs / 1000).toFixed(1)} s`,
    'limit.window': `in ${duration(windowMs)}`,
  });
}

function showBottleneck({ waits, stages, credits, state }) {
  const known = WAITS.map(([reason, text, color]) => ({
    text,
    color,
    share: waits.shares[reason],
    reason,
  }));
  const largest = known.reduce((most, each) => (each.share > most.share ? each : most));
  const shown = known.filter(({ share }) => share >= 0.005);
  byId('shares').replaceChildren(...shown.map(({ color, share }) => sharePart(color, share)));
  byId('shares-legend').replaceChildren(...shown.map(legendItem));
  setBar(byId('credits-bar'), credits.heldBytes / credits.limitBytes);
  const time = ({ duration: span }) => (span === null ? '–' : `${milliseconds(span.p50Ms)} ms`);
  fill({
    bottleneck: bottleneckText(largest, stages, state),
    'stages.fetch.pages': count(stages.fetch.pages),
    'stages.scan.pages': count(stages.scan.pages),
    'stages.hold.pages': count(stages.hold.pages),
    'stages.write.pages': count(stages.write.pages),
    'stages.fetch.time': time(stages.fetch),
    'stages.scan.time': time(stages.scan),
    'stages.write.time': time(stages.write),
    credits: `${bytes(credits.heldBytes)} of ${bytes(credits.limitBytes)}`,
  });
}

function bottleneckText({ share, reason, text }, stages, state) {
  if (share <= 0) return 'Nothing measured yet.';
  const part = `${percent(share, 0)} of the time`;
  if (!GOES_ON.has(state))
    return `The run is over. Most of its time, ${percent(share, 0)}, went to ${text}.`;
  if (reason === 'end') return 'Finishing what is in flight.';
  if (reason !== 'credit') return `Requests wait for ${text}: ${part}.`;
  const behind = stages.scan.pages > stages.write.pages ? 'the scan' : 'the database';
  return `Requests wait for ${behind} to take what is fetched: ${part}.`;
}

function sharePart(color, share) {
  const part = document.createElement('i');
  part.style.width = `${share * 100}%`;
  part.style.background = `var(${color})`;
  return part;
}

function legendItem({ text, color, share }) {
  const item = document.createElement('li');
  const swatch = document.createElement('i');
  swatch.className = 'swatch';
  swatch.style.background = `var(${color})`;
  const value = document.createElement('b');
  value.textContent = percent(share, 0);
  item.append(swatch, `${text} `, value);
  return item;
}

function showLatency({ headLatency, stages }) {
  const lines = [
    ['Head of an answer', headLatency],
    ['Fetch', stages.fetch.duration],
    ['Scan', stages.scan.duration],
    ['Write', stages.write.duration],
  ];
  byId('latency').replaceChildren(
    ...lines.map(([name, span]) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      row.append(head);
      for (const value of [span?.p50Ms, span?.p95Ms, span?.p99Ms]) {
        const cell = document.createElement('td');
        cell.className = 'num';
        cell.textContent = milliseconds(value);
        row.append(cell);
      }
      return row;
    }),
  );
}

function showTrouble({ requests, quarantine }) {
  const faults = Object.entries(requests.faults).map(
    ([code, times]) => `${code} × ${count(times)}`,
  );
  const pages = quarantine.map(
    ({ segment, page, records }) =>
      `segment ${segment}, page ${page}: ${count(records)} in quarantine`,
  );
  const lines = [...faults, ...pages];
  if (lines.length === 0) lines.push('None in this start.');
  byId('faults').replaceChildren(
    ...lines.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }),
  );
}

function setBar(bar, share) {
  const part = Math.min(1, Math.max(0, share ?? 0));
  bar.firstElementChild.style.width = `${part * 100}%`;
  if (bar.getAttribute('role') !== 'progressbar') return;
  if (share === null) bar.removeAttribute('aria-valuenow');
  else bar.setAttribute('aria-valuenow', (part * 100).toFixed(1));
}
