/** The frontier: segments side by side in the source's order, newest on the left. */
import { count, instant, percent } from './format.js';

const map = document.getElementById('map');
const rows = document.getElementById('segments');

/** @param {object} view of a snapshot @param {boolean} isResumed */
export function showSegments(view, isResumed) {
  const { segments } = view;
  map.replaceChildren(...segments.flatMap(blocks));
  map.classList.toggle('resumed', isResumed && segments.length > 0);
  document.querySelector('#map-legend .earlier').parentElement.hidden = !isResumed;
  rows.replaceChildren(...segments.map(tableRow));
  const open = segments.filter(({ isOpen }) => isOpen).length;
  return {
    frontier:
      segments.length === 0
        ? 'No page is committed yet.'
        : `${count(segments.length)} ${segments.length === 1 ? 'segment' : 'segments'}, ${count(open)} open`,
    'frontier.newest': view.newestMs === null ? '' : `newest ${instant(view.newestMs)}`,
    'frontier.oldest':
      view.oldestMs === null
        ? ''
        : `${view.isGuessed ? 'oldest, about' : 'oldest'} ${instant(view.oldestMs)}`,
  };
}

function blocks({ from, done, to, isOpen }) {
  const open = block(isOpen ? 'open' : 'done', from, to);
  return isOpen ? [open, block('done', from, done)] : [open];
}

function block(kind, from, to) {
  const element = document.createElement('i');
  element.className = kind;
  element.style.left = `${from * 100}%`;
  element.style.width = `${Math.max(0, to - from) * 100}%`;
  return element;
}

/** How far a segment has come. */
function shareOf({ from, done, to, isOpen }) {
  if (!isOpen) return 1;
  return to > from ? (done - from) / (to - from) : 0;
}

function tableRow(segment) {
  const row = document.createElement('tr');
  const share = shareOf(segment);
  const bar = document.createElement('div');
  bar.className = 'bar thin';
  const filled = document.createElement('span');
  filled.style.width = `${share * 100}%`;
  bar.append(filled);
  const progress = document.createElement('td');
  progress.className = 'progress';
  const text = document.createElement('span');
  text.textContent = percent(share, 0);
  progress.append(bar, text);
  row.append(
    cell(String(segment.segment)),
    cell(segment.isOpen ? 'open' : 'ended'),
    cell(count(segment.pages), 'num'),
    cell(count(segment.rows), 'num'),
    progress,
  );
  return row;
}

function cell(text, className = '') {
  const element = document.createElement('td');
  element.className = className;
  element.textContent = text;
  return element;
}
