import { expect, test } from 'vitest';
import { mainShareBetween } from '../../bench/cpu-samples.js';

const samples = [
  { atMs: 0, ownMs: 0, mainMs: 0 },
  { atMs: 100, ownMs: 100, mainMs: 90 },
  { atMs: 200, ownMs: 300, mainMs: 110 },
  { atMs: 300, ownMs: 500, mainMs: 130 },
  { atMs: 400, ownMs: 510, mainMs: 140 },
];

test('the share of main is of the time between the instants alone', () => {
  expect(mainShareBetween(samples, 100, 300)).toBe(0.1);
  expect(mainShareBetween(samples, 50, 399)).toBe(0.1);
});

test('there is none where too little was seen', () => {
  expect(mainShareBetween(samples, 150, 250)).toBeNull();
  expect(mainShareBetween([], 0, 1_000)).toBeNull();
});
