/** Runs of the ledger, and the report of the one that is asked for. */
import { bytes, count, duration, instant } from './format.js';

const body = document.getElementById('runs');
const note = document.getElementById('runs-note');
const scroll = document.getElementById('runs-scroll');
const report = document.getElementById('report');

/** The run whose report is open; null: none. */
let openRun = null;

/** Asks the ledger. @returns {Promise<void>} never rejects: a failure is told in the page */
export async function refreshRuns() {
  try {
    const { runs } = await ask('/api/runs');
    scroll.hidden = runs.length === 0;
    note.hidden = runs.length > 0;
    note.textContent = 'No run yet: an ingestion begins one.';
    // Replacing the rows would take the focus from the button that has it.
    const focused = document.activeElement?.dataset?.run;
    body.replaceChildren(...runs.map(runRow));
    if (focused !== undefined) body.querySelector(`[data-run="${focused}"]`)?.focus();
  } catch {
    note.hidden = false;
    note.textContent = 'The ledger cannot be asked now.';
  }
}

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function runRow(run) {
  const row = document.createElement('tr');
  const button = document.createElement('button');
  button.type = 'button';
  button.dataset.run = String(run.run);
  button.textContent = openRun === run.run ? 'Close' : 'Show';
  button.setAttribute('aria-label', `${button.textContent} the report of run ${run.run}`);
  button.setAttribute('aria-expanded', String(openRun === run.run));
  button.setAttribute('aria-controls', 'report');
  button.addEventListener('click', () => toggle(run.run));
  const state = document.createElement('span');
  state.className = 'pill';
  state.dataset.state = run.status;
  state.textContent = run.status;
  row.append(
    cell(String(run.run)),
    cell(state),
    cell(instant(run.startedAtMs)),
    cell(count(run.returned), 'num'),
    cell(count(run.pages), 'num'),
    cell(count(run.quarantined), 'num'),
    cell(button),
  );
  return row;
}

function cell(content, className = '') {
  const element = document.createElement('td');
  element.className = className;
  element.append(content);
  return element;
}

async function toggle(run) {
  openRun = openRun === run ? null : run;
  report.hidden = openRun === null;
  if (openRun !== null) {
    report.replaceChildren(text('p', 'Asking the ledger…'));
    try {
      const found = await ask(`/api/runs/${run}`);
      if (openRun === run) showReport(found);
    } catch {
      report.replaceChildren(text('p', 'The report cannot be read now.'));
    }
  }
  await refreshRuns();
}

function showReport(found) {
  const facts = [
    ['Rows committed', count(found.rows)],
    ['Returned', count(found.returned)],
    ['Inserted', count(found.inserted)],
    ['Updated', count(found.updated)],
    ['Duplicates', count(found.duplicate)],
    ['In quarantine', count(found.quarantined)],
    ['Pages', count(found.pages)],
    ['Segments', count(found.segments)],
    ['Received', bytes(found.bytes)],
    ['Duration', duration(found.totals.elapsedMs)],
    ['At work', duration(found.totals.activeMs)],
    ['Rows per second', count(found.totals.eventsPerSecond)],
    ['Ended', instant(found.finishedAtMs)],
    ['Verified', verifiedText(found.verification)],
  ];
  const list = document.createElement('dl');
  list.className = 'facts';
  for (const [name, value] of facts) {
    const item = document.createElement('div');
    item.append(text('dt', name), text('dd', value));
    list.append(item);
  }
  const parts = [
    text('h3', `Run ${found.run}: ${found.status}`),
    text('p', `${found.source}, ${found.origin}`, 'muted'),
  ];
  if (found.lastError !== null) parts.push(text('p', found.lastError, 'note'));
  parts.push(list);
  if (found.pages > 1) parts.push(pace(found.pace));
  if (found.quarantine.length > 0) parts.push(quarantineTable(found.quarantine));
  report.replaceChildren(...parts);
}

function verifiedText(verification) {
  if (verification === null) return 'not since it ended';
  const { ok, atMs, differences } = verification;
  return `${ok ? 'exact' : `${count(differences)} differences`}, ${instant(atMs)}`;
}

/** Records committed over the run's time, as bars. */
function pace(steps) {
  const figure = document.createElement('figure');
  const bars = document.createElement('div');
  bars.className = 'pace';
  bars.setAttribute('role', 'img');
  bars.setAttribute('aria-label', 'Records committed over the time of the run');
  const most = Math.max(1, ...steps);
  for (const step of steps) {
    const bar = document.createElement('i');
    bar.style.height = `${(step / most) * 100}%`;
    bars.append(bar);
  }
  figure.append(
    bars,
    text('figcaption', 'Records committed, from the first to the last commit', 'muted small'),
  );
  return figure;
}

function quarantineTable(reasons) {
  const table = document.createElement('table');
  const head = document.createElement('tr');
  for (const name of ['In quarantine because', 'Records', 'First at'])
    head.append(text('th', name));
  const rows = reasons.map(({ reason, records, segment, page }) => {
    const row = document.createElement('tr');
    row.append(cell(reason), cell(count(records), 'num'), cell(`segment ${segment}, page ${page}`));
    return row;
  });
  table.append(head, ...rows);
  return table;
}

function text(tag, content, className = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = content;
  return element;
}
