import { describe, expect, test } from 'vitest';
import { Frontier } from '../../src/core/frontier.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import type { Paging } from '../../src/paging/paging.js';
import { HIGHEST_ID, type Position } from '../../src/paging/position.js';
import { sought } from '../support/stepped-scheduler.js';

const TTL_MS = 120_000;
const NOW = 1_000_000;
const at = (n: number): Position => ({ ms: 1_000_000 - n, id: 'aa' });

/** Cursors that say where they point: `n`, with a mark when they were built here. */
const open = sought((position) => `built-${1_000_000 - position.ms}`, TTL_MS);
const opaque = cursorChain({ cursorLifeMs: TTL_MS, order: 'newestFirst' });

function begun(paging: Paging = open): Frontier {
  const frontier = new Frontier(paging);
  frontier.add({ segment: 1, after: null, bound: null });
  return frontier;
}

/** Takes the page that is ready. */
function take(frontier: Frontier, nowMs = NOW) {
  const job = frontier.ready(nowMs);
  if (job === null) throw new Error('no page is ready');
  expect(frontier.take(job, nowMs, 60_000)).toBe(true);
  return job;
}

function boundOf(frontier: Frontier, segment: number): Position | null | undefined {
  return [...frontier.segments.open()].find((one) => one.segment === segment)?.bound;
}

const answer = (nextCursor: string | null, hasMore = true) => ({
  nextCursor,
  nextPosition: nextCursor === null ? null : at(Number(nextCursor.replace('built-', ''))),
  hasMore,
  expiresAtMs: NOW + TTL_MS,
});

const opaqueAnswer = (nextCursor: string) => ({ ...answer(nextCursor), nextPosition: null });

describe('frontier', () => {
  test('a segment never has two pages in flight', () => {
    const frontier = begun();
    take(frontier);
    expect(frontier.ready(NOW)).toBeNull();
  });

  test('the answer leads on to the next page, which starts where this one ended', () => {
    const frontier = begun();
    const first = take(frontier);
    expect(frontier.advance(first, answer('5'), NOW)).toEqual({ type: 'advanced' });
    const second = take(frontier);
    expect(second).toMatchObject({ page: 2, cursor: '5', after: at(5), isAfterKnown: true });
  });

  test('hasMore false ends it, whatever the cursor', () => {
    const frontier = begun();
    expect(frontier.advance(take(frontier), answer(null, false), NOW)).toEqual({ type: 'ended' });
    expect(frontier.isExhausted).toBe(true);
  });

  test('more without a cursor is a contradiction, never an end', () => {
    const frontier = begun();
    expect(frontier.advance(take(frontier), answer(null), NOW)).toMatchObject({ type: 'broken' });
    expect(frontier.isExhausted).toBe(false);
  });

  test('a position that does not lead on is a contradiction', () => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    expect(frontier.advance(take(frontier), answer('5'), NOW)).toMatchObject({ type: 'broken' });
  });

  test('an opaque cursor that was given before is a contradiction', () => {
    const frontier = begun(opaque);
    frontier.advance(take(frontier), opaqueAnswer('x'), NOW);
    frontier.advance(take(frontier), opaqueAnswer('y'), NOW);
    expect(frontier.advance(take(frontier), opaqueAnswer('x'), NOW)).toMatchObject({
      type: 'broken',
    });
  });

  test('a cursor near its end is rebuilt from the position, without a request', () => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    const job = take(frontier, NOW + TTL_MS - 1000);
    expect(job.cursor).toBe('built-5');
    expect(job.cursorExpiresAtMs).toBe(NOW + 2 * TTL_MS - 1000);
  });

  test('a dead opaque cursor cannot be taken', () => {
    const frontier = begun(opaque);
    frontier.advance(take(frontier), opaqueAnswer('x'), NOW);
    const job = frontier.ready(NOW + TTL_MS);
    expect(job && frontier.take(job, NOW + TTL_MS, 60_000)).toBe(false);
  });

  test('to end all takes the segment of a repair too, though its chain has ended', () => {
    const frontier = begun();
    const first = take(frontier);
    frontier.advance(first, answer(null, false), NOW);
    expect(frontier.endAll()).toEqual([]);
    frontier.repair(first, at(5), NOW);
    expect(frontier.endAll()).toEqual([1]);
    expect(frontier.isIdle).toBe(true);
  });

  test('a repair is asked for before the tip, and does not move it', () => {
    const frontier = begun();
    const first = take(frontier);
    frontier.advance(first, answer('5'), NOW);
    frontier.repair(first, at(5), NOW);
    const repair = take(frontier);
    expect(repair).toMatchObject({ page: 1, isTip: false, repairThrough: at(5) });
    expect(take(frontier)).toMatchObject({ page: 2, isTip: true });
  });

  test('a cut segment ends at the cut, and the new one starts with the rows at that instant', () => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    const cut = { ms: at(50).ms, id: HIGHEST_ID };
    frontier.split(1, cut, 2);
    expect([...frontier.segments.open()]).toEqual([
      { segment: 1, after: at(5), bound: cut, isAfterKnown: true },
      { segment: 2, after: cut, bound: null, isAfterKnown: true },
    ]);
    expect(frontier.advance(take(frontier), answer('51'), NOW)).toEqual({ type: 'ended' });
  });

  test('until a seek has proved true no more are tried at once than is said', () => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    frontier.split(1, at(50), 2);
    expect(frontier.canSplit(1)).toBe(false);
    expect(frontier.canSplit(2)).toBe(true);
    frontier.split(1, at(30), 3);
    expect(frontier.canSplit(2)).toBe(false);
    take(frontier);
    frontier.advance(take(frontier), answer('60'), NOW);
    expect(frontier.canSplit(1)).toBe(true);
  });

  test('a false seek gives its stretch back to the chain before it', () => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    frontier.split(1, at(50), 2);
    take(frontier);
    const seeking = take(frontier);
    expect(frontier.seekFailed(seeking, false)).toEqual([{ segment: 2, to: 1, bound: null }]);
    expect(frontier.canSeek).toBe(false);
    expect([...frontier.segments.open()]).toMatchObject([{ segment: 1, bound: null }]);
  });

  test.each([
    [2, 3, 4],
    [3, 4, 2],
    [4, 3, 2],
    [4, 2, 3],
  ])('several false seeks that fail in the order %i, %i, %i leave one chain', (...order) => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    frontier.split(1, at(50), 2);
    frontier.split(2, at(75), 3);
    frontier.split(1, at(25), 4);
    const chain = take(frontier);
    const seeking = new Map([2, 3, 4].map(() => take(frontier)).map((job) => [job.segment, job]));
    for (const segment of order) {
      const job = seeking.get(segment);
      expect(job && frontier.seekFailed(job, false)).toMatchObject([{ segment }]);
    }
    expect([...frontier.segments.open()]).toMatchObject([{ segment: 1, bound: null }]);
    expect(frontier.advance(chain, answer('30'), NOW)).toEqual({ type: 'advanced' });
  });

  test('what waits for its first page is given back with the first seek that fails', () => {
    const frontier = begun();
    frontier.advance(take(frontier), answer('5'), NOW);
    frontier.split(1, at(50), 2);
    take(frontier);
    const seeking = take(frontier);
    frontier.split(2, at(75), 3);
    expect(frontier.seekFailed(seeking, false).map(({ segment }) => segment)).toEqual([2, 3]);
    expect([...frontier.segments.open()]).toMatchObject([{ segment: 1, bound: null }]);
  });

  test('gaps that cannot be sought become one walk from the start', () => {
    const frontier = new Frontier(open);
    frontier.add({ segment: 1, after: at(10), bound: at(20) });
    frontier.add({ segment: 2, after: at(30), bound: at(40) });
    frontier.add({ segment: 3, after: at(60), bound: null });
    const first = take(frontier);
    expect(frontier.seekFailed(first, true)).toEqual([
      { segment: 2, to: 1, bound: at(40) },
      { segment: 3, to: 1, bound: null },
    ]);
    expect(frontier.take(first, NOW, 60_000)).toBe(false);
    expect(frontier.handOver(first)).toBeNull();
    expect(boundOf(frontier, 1)).toBeNull();
  });

  test('a segment never goes to one that begins in its middle: its earlier pages would be lost', () => {
    const frontier = new Frontier(open);
    frontier.add({ segment: 1, after: null, bound: at(30) });
    frontier.add({ segment: 2, after: at(40), bound: null });
    const [, second] = [take(frontier), take(frontier)];
    frontier.advance(second, answer('90'), NOW);
    frontier.add({ segment: 3, after: at(60), bound: at(70) });
    expect(frontier.handOver(take(frontier))).toEqual({ segment: 2, to: 1, bound: null });
    expect(boundOf(frontier, 3)).toEqual(at(70));
  });

  test('a segment never goes to a chain that is past its bound: what it left out would be lost', () => {
    const frontier = new Frontier(opaque);
    frontier.add({ segment: 1, after: null, bound: at(30) });
    frontier.add({
      segment: 2,
      after: at(30),
      bound: null,
      cursor: 'x',
      cursorExpiresAtMs: NOW + 9,
    });
    const [chain, second] = [take(frontier), take(frontier)];
    const page = { job: chain, bound: null, lastPosition: at(20) };
    frontier.rebound(page);
    expect(page.bound).toEqual(at(30));
    frontier.rebound({ ...page, lastPosition: at(40) });
    expect(frontier.handOver(second)).toBeNull();
  });

  test('a stretch within one instant goes to nobody of that instant: neither to another nor to itself', () => {
    const frontier = new Frontier(open);
    const within = (id: string): Position => ({ ...at(30), id });
    // By their ids the stretch would end before it begins.
    frontier.add({ segment: 1, after: within('5e'), bound: within('77') });
    frontier.add({ segment: 2, after: within('90'), bound: within('c0') });
    const first = take(frontier);
    expect(frontier.seekFailed(first, false)).toEqual([]);
    expect(frontier.take(first, NOW, 60_000)).toBe(true);
    expect(frontier.handOver(first)).toBeNull();
    expect([boundOf(frontier, 1), boundOf(frontier, 2)]).toEqual([within('77'), within('c0')]);
  });

  test('a page whose place is not known is not asked for without a cursor: that would be the first', () => {
    const frontier = begun(opaque);
    frontier.advance(take(frontier), opaqueAnswer('x'), NOW);
    const second = take(frontier);
    second.dropCursor();
    frontier.putBack(second, NOW);
    expect(frontier.take(second, NOW, 60_000)).toBe(false);
  });
});
