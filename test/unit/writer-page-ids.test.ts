import { expect, test } from 'vitest';
import { PageIds } from '../../workers/writer/page-ids.js';

/** Hands out blocks of three. */
function blocks(): { reserve: () => Promise<string[][]>; count: () => number } {
  let reserved = 0;
  return { reserve: async () => [[String(1 + 3 * reserved++), '3']], count: () => reserved };
}

test('a block serves as many pages as it is long, each with an id of its own', async () => {
  const ids = new PageIds();
  const { reserve, count } = blocks();
  const taken: number[] = [];
  for (let page = 0; page < 7; page++) taken.push(await ids.take(reserve));
  expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(count()).toBe(3);
});

test('pages that find the block used up at the same time get different ids', async () => {
  const ids = new PageIds();
  const { reserve } = blocks();
  const taken = await Promise.all(Array.from({ length: 8 }, () => ids.take(reserve)));
  expect(new Set(taken).size).toBe(8);
  // What is left of the last block is used.
  expect(await ids.take(reserve)).toBe(23);
});

test('a block that was refused is asked for again with the next page', async () => {
  const ids = new PageIds();
  const { reserve } = blocks();
  const refuse = () => Promise.reject(new Error('away'));
  await expect(ids.take(refuse)).rejects.toThrow('away');
  expect(await ids.take(reserve)).toBe(1);
});
