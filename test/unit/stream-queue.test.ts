import { expect, test } from 'vitest';
import { type QueuedStream, StreamQueue } from '../../src/session/stream-queue.js';

const stream = (name: string, ...parents: string[]): QueuedStream => ({ name, parents });
const begun = (...names: string[]) => names.map((name) => ({ type: 'begin', stream: name }));

test('so many streams begin at once, and the next when one is over', () => {
  const queue = new StreamQueue([stream('a'), stream('b'), stream('c')], 2);
  expect(queue.next(null)).toEqual(begun('a', 'b'));
  expect(queue.next(null)).toEqual([]);
  queue.ended('b', 'failed');
  expect(queue.next(null)).toEqual(begun('c'));
});

test('a child begins when all its parents are complete', () => {
  const queue = new StreamQueue([stream('child', 'a', 'b'), stream('a'), stream('b')], 8);
  expect(queue.next(null)).toEqual(begun('a', 'b'));
  queue.ended('a', null);
  expect(queue.next(null)).toEqual([]);
  queue.ended('b', null);
  expect(queue.next(null)).toEqual(begun('child'));
});

test('a child whose parent failed is not begun, nor is a child of that', () => {
  const streams = [stream('grandchild', 'child'), stream('child', 'a'), stream('a'), stream('b')];
  const queue = new StreamQueue(streams, 8);
  expect(queue.next(null)).toEqual(begun('a', 'b'));
  queue.ended('a', 'failed');
  const reason = (text: string) => expect.stringMatching(text);
  expect(queue.next(null)).toEqual([
    { type: 'notBegun', stream: 'child', reason: reason('^not begun: its parent a failed$') },
    { type: 'notBegun', stream: 'grandchild', reason: reason('its parent child is not begun') },
  ]);
});

test('what has stopped all of them keeps the others from beginning', () => {
  const queue = new StreamQueue([stream('a'), stream('b')], 1);
  expect(queue.next(null)).toEqual(begun('a'));
  queue.ended('a', 'failed');
  expect(queue.next('the key is refused')).toEqual([
    { type: 'notBegun', stream: 'b', reason: 'not begun: the key is refused' },
  ]);
  expect(queue.next(null)).toEqual([]);
});
