/** The streams of the process, where there are several: a line each. */
import { count, duration, percent } from './format.js';

const card = document.getElementById('streams-card');
const lines = document.getElementById('streams');

/** @param {readonly object[]} streams of a snapshot; none: there is one */
export function showStreams(streams) {
  card.hidden = streams.length === 0;
  lines.replaceChildren(...streams.map(lineOf));
}

function lineOf({ stream, run, state, rows, total, share, ...rest }) {
  const { rowsPerSecond, remainingMs, reason, isShown } = rest;
  const line = document.createElement('tr');
  line.dataset.stream = stream;
  line.classList.toggle('shown', isShown);
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = stream;
  const filled = document.createElement('span');
  filled.style.width = `${(share ?? (state === 'complete' ? 1 : 0)) * 100}%`;
  const bar = document.createElement('div');
  bar.className = 'bar thin';
  bar.append(filled);
  const progress = cell(percent(share, 0));
  progress.className = 'progress';
  progress.prepend(bar);
  const left = remainingMs === null ? '–' : `${duration(remainingMs)} left`;
  line.append(
    name,
    cell(run === null ? '–' : String(run)),
    cell(state),
    progress,
    number(total === null ? count(rows) : `${count(rows)} of ${count(total)}`),
    number(`${count(rowsPerSecond)}/s`),
    cell(reason ?? left),
  );
  return line;
}

function cell(text) {
  const element = document.createElement('td');
  const span = document.createElement('span');
  span.textContent = text;
  element.append(span);
  return element;
}

function number(text) {
  const element = cell(text);
  element.className = 'num';
  return element;
}
