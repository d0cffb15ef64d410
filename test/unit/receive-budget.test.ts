import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReceiveBudget } from '../../workers/fetch/receive-budget.js';
import { cut, play } from '../support/played-answer.js';
import { samplePage } from '../support/sample-pages.js';

/** Notes which pages were told to go on. */
function openAll(budget: ReceiveBudget, count: number) {
  const told: number[] = [];
  const pages = Array.from({ length: count }, (_, index) => {
    const room = budget.open(index + 1);
    const goOn = () => told.push(index + 1);
    return {
      reserve: (bytes: number) => room.reserve(bytes, goOn),
      add: (bytes: number) => room.add(bytes, goOn),
    };
  });
  return { told, pages };
}

describe('pages that fit together', () => {
  test('never wait, whether their length is announced or not', () => {
    const budget = new ReceiveBudget(100);
    const { pages, told } = openAll(budget, 4);
    expect(pages[0]?.reserve(40)).toBe(true);
    expect(pages[0]?.add(40)).toBe(true);
    expect(pages[1]?.add(30)).toBe(true);
    expect(pages[2]?.add(30)).toBe(true);
    expect(budget.heldBytes).toBe(100);
    expect(told).toEqual([]);
  });
});

describe('a page without room', () => {
  test('waits before its announced length is taken, and takes it when another is committed', () => {
    const budget = new ReceiveBudget(100);
    const { pages, told } = openAll(budget, 2);
    pages[0]?.reserve(60);
    expect(pages[1]?.reserve(60)).toBe(false);
    expect(budget.heldBytes).toBe(60);
    budget.received(1);
    expect(told).toEqual([]);
    budget.close(1);
    expect(told).toEqual([2]);
    expect(budget.heldBytes).toBe(60);
  });

  test('waits behind the chunk that outgrew it, which is there and counts', () => {
    const budget = new ReceiveBudget(100);
    const { pages, told } = openAll(budget, 2);
    pages[0]?.add(90);
    expect(pages[1]?.add(20)).toBe(false);
    expect(budget.heldBytes).toBe(110);
    budget.close(1);
    expect(told).toEqual([2]);
  });

  test('goes on when nothing else is under way, however large it is', () => {
    const budget = new ReceiveBudget(100);
    const { pages } = openAll(budget, 2);
    expect(pages[0]?.reserve(1_000)).toBe(true);
    expect(pages[0]?.add(1_000)).toBe(true);
    expect(pages[0]?.add(1_000)).toBe(true);
    expect(pages[1]?.add(1)).toBe(false);
  });

  test('goes on when all others wait', () => {
    const { pages, told } = openAll(new ReceiveBudget(100), 2);
    pages[0]?.add(60);
    expect(pages[1]?.add(60)).toBe(false);
    expect(pages[0]?.add(60)).toBe(true);
    expect(told).toEqual([]);
  });

  test('does not wait for a page that main holds back until another has come', () => {
    const budget = new ReceiveBudget(100);
    const { pages, told } = openAll(budget, 2);
    pages[0]?.add(100);
    pages[1]?.add(50);
    budget.received(1);
    expect(told).toEqual([]);
    budget.held(1);
    expect(told).toEqual([2]);
  });

  test('goes on when the one before it fails', () => {
    const budget = new ReceiveBudget(100);
    const { pages, told } = openAll(budget, 3);
    pages[0]?.add(100);
    pages[1]?.add(80);
    pages[2]?.add(80);
    budget.close(1);
    expect(told).toEqual([2]);
    budget.close(2);
    expect(told).toEqual([2, 3]);
    budget.close(3);
    expect(budget.heldBytes).toBe(0);
  });
});

test('in any order every page comes, and beyond the budget there are one page and a chunk of each', () => {
  const CHUNK = 10;
  const sizes = fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(), { minLength: 600, maxLength: 600 }), (bytes, turns) => {
      const budget = new ReceiveBudget(100);
      const pages = bytes.map((size, index) => ({
        ...{ taskId: index, left: size, phase: 'receiving', room: budget.open(index) },
      }));
      let peak = 0;
      for (const turn of turns) {
        const able = pages.filter(({ phase }) => phase === 'receiving' || phase === 'received');
        const page = able[turn % Math.max(1, able.length)];
        if (page === undefined) break;
        if (page.phase === 'received') {
          page.phase = 'done';
          budget.close(page.taskId);
        } else if (page.left === 0) {
          page.phase = 'received';
          budget.received(page.taskId);
        } else {
          const chunk = Math.min(CHUNK, page.left);
          page.left -= chunk;
          page.phase = 'waiting';
          const hasRoom = page.room.add(chunk, () => {
            page.phase = 'receiving';
          });
          if (hasRoom) page.phase = 'receiving';
        }
        peak = Math.max(peak, budget.heldBytes);
      }
      expect(pages.filter(({ phase }) => phase !== 'done')).toEqual([]);
      expect(peak).toBeLessThanOrEqual(100 + Math.max(...bytes) + CHUNK * bytes.length);
      expect(budget.heldBytes).toBe(0);
    }),
  );
});

describe('a body whose page waits', () => {
  const text = samplePage(3);

  test.each([
    ['announced', { 'content-length': String(text.length) }, Buffer.from(text)],
    ['in chunks', {}, Buffer.from(text)],
    ['packed', { 'content-encoding': 'gzip' }, gzipSync(text)],
  ] as const)(
    '%s is not read on until there is room, and is then whole',
    async (kind, headers, bytes) => {
      let waits = 0;
      const later = (_bytes: number, goOn: () => void) => {
        waits++;
        setImmediate(goOn);
        return false;
      };
      const room = { reserve: later, add: later };
      const { received, body, controller } = await play({
        ...{ headers: { ...headers }, chunks: cut(bytes, [100, 200]), room },
      });
      expect(waits).toBeGreaterThanOrEqual(2);
      // A packed one waits before its decoder, which holds the network back once it is full.
      if (kind !== 'packed') expect(controller.pauses).toBe(waits);
      expect(received.type).toBe('whole');
      expect(body.bytes.toString()).toBe(text);
    },
  );
});
