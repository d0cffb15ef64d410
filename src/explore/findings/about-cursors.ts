/** Findings about the walk: cursor form and life, seeking, order, ties. */

import { roundest } from '../../core/round-span.js';
import { comparePositions, type Position } from '../../paging/position.js';
import { type Finding, finding, unknown } from '../finding.js';
import type { Notebook, PageSeen } from '../observations.js';
import { readCursorForm } from './cursor-form.js';
import { readSkew } from './dialect.js';

export function aboutCursors(notebook: Notebook): Finding[] {
  const { pages } = notebook;
  const given = pages.filter(({ envelope }) => envelope.nextCursor !== null);
  const first = given[0]?.envelope.nextCursor;
  if (first == null) {
    return [unknown('cursor.form', 'no answer gave a cursor'), ...orderFindings(pages)];
  }
  const form = readCursorForm(first);
  return [
    finding('cursor.form', form.name, 'measured', form.detail),
    lifeFinding(given, notebook),
    seekFinding(notebook),
    ...orderFindings(pages),
  ];
}

function seekFinding({ seek, skipped, subject }: Notebook): Finding {
  const name = 'cursor.can-seek';
  switch (seek.type) {
    case 'exact': {
      const evidence = `a built cursor led to its place; ${seek.comparedRows} rows compared`;
      return finding(name, true, 'measured', evidence);
    }
    case 'wrong':
      return finding(name, false, 'measured', seek.reason);
    case 'opaque':
      return finding(name, false, 'measured', 'cursors cannot be read, so none can be built');
    case 'untried': {
      const why = skipped.get('seek') ?? 'no page with a cursor to try with';
      const { places } = subject;
      if (places === 'none') return finding(name, false, 'implied', why);
      return places === 'pages' ? finding(name, true, 'implied', why) : unknown(name, why);
    }
  }
}

/** From the answers and the cursors themselves; by waiting where that was asked for. */
function lifeFinding(pages: readonly PageSeen[], { lifetime, skipped }: Notebook): Finding {
  const name = 'cursor.life';
  const { aliveAfterMs = null, deadAfterMs = null } = lifetime.type === 'waited' ? lifetime : {};
  const waited: [number, number] | null =
    aliveAfterMs === null || deadAfterMs === null ? null : [aliveAfterMs, deadAfterMs];
  const span = announcedLife(pages) ?? waited;
  if (span === null) return unknown(name, 'neither the answer nor the cursor says');
  const [low, high] = span;
  const value = roundest(low, high);
  const range = { unit: 'ms', low: Math.round(low), high: Math.round(high) };
  if (aliveAfterMs !== null && deadAfterMs !== null) {
    const evidence = `alive after ${seconds(aliveAfterMs)} s, dead after ${seconds(deadAfterMs)} s`;
    return finding(name, value, 'measured', evidence, range);
  }
  const hint = skipped.get('cursor life') ?? 'not waited for: --thorough';
  return finding(name, value, 'announced', `the answers and cursors tell it; ${hint}`, range);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function announcedLife(pages: readonly PageSeen[]): [number, number] | null {
  const times = pages.map(({ answer }) => ({ ...answer, date: answer.headers.date }));
  const skew = readSkew(times);
  let [low, high] = [0, Number.POSITIVE_INFINITY];
  const narrow = (lowMs: number, highMs: number) => {
    const [nextLow, nextHigh] = [Math.max(low, lowMs), Math.min(high, highMs)];
    if (nextLow <= nextHigh) [low, high] = [nextLow, nextHigh];
  };
  for (const { answer, envelope } of pages) {
    const { sentAtMs, headAtMs } = answer;
    const leftMs = envelope.cursorExpiresInMs;
    // Whole seconds that are left at the answer, counted from a start that we know within it.
    if (leftMs !== null) narrow(leftMs - 1000, leftMs + headAtMs - sentAtMs);
    const { expiresAtMs } = readCursorForm(envelope.nextCursor ?? '');
    if (expiresAtMs === null) continue;
    narrow(expiresAtMs - skew.highMs - headAtMs, expiresAtMs - skew.lowMs - sentAtMs + 1);
  }
  return high === Number.POSITIVE_INFINITY ? null : [Math.max(0, low), high];
}

function orderFindings(pages: readonly PageSeen[]): Finding[] {
  const seen = { newestFirst: 0, oldestFirst: 0, tiesDescending: 0, tiesAscending: 0 };
  for (const { positions } of pages) {
    for (let row = 1; row < positions.length; row++) {
      count(positions[row - 1] ?? null, positions[row] ?? null, seen);
    }
  }
  const { newestFirst, oldestFirst, tiesDescending, tiesAscending } = seen;
  const pairs = newestFirst + oldestFirst;
  if (pairs === 0) return [unknown('order', 'no two rows of different times were seen')];
  const order =
    oldestFirst === 0 ? 'newest first' : newestFirst === 0 ? 'oldest first' : 'not ordered by time';
  const ties = tiesDescending + tiesAscending;
  const tieOrder =
    tiesAscending === 0
      ? 'id descending'
      : tiesDescending === 0
        ? 'id ascending'
        : 'no order of ids';
  return [
    finding('order', order, 'measured', `${pairs} neighbours of different times`),
    ties === 0
      ? unknown('order.ties', 'no two rows of one instant were seen')
      : finding(
          'order.ties',
          tieOrder,
          'measured',
          `${ties} of ${pairs + ties} neighbours are ties`,
        ),
    continuity(pages, order),
  ];
}

function count(
  before: Position | null,
  at: Position | null,
  seen: { newestFirst: number; oldestFirst: number; tiesDescending: number; tiesAscending: number },
): void {
  if (before === null || at === null) return;
  if (before.ms > at.ms) seen.newestFirst++;
  else if (before.ms < at.ms) seen.oldestFirst++;
  else if (before.id > at.id) seen.tiesDescending++;
  else seen.tiesAscending++;
}

/** The page behind a cursor starts behind the page that gave it. */
function continuity(pages: readonly PageSeen[], order: string): Finding {
  const [first, second] = pages;
  const [end, start] = [first?.positions.at(-1), second?.positions[0]];
  if (end == null || start == null || second == null || second.askedCursor === null) {
    return unknown('order.continues', 'no page was followed by the next');
  }
  if (order === 'not ordered by time') return unknown('order.continues', order);
  const isBefore = comparePositions(end, start) < 0;
  const continues = order === 'newest first' ? isBefore : !isBefore;
  return finding('order.continues', continues, 'measured', 'first and second page compared');
}
