/** Whether Redis can be reached is told in turns, so that it can be counted. */
import { expect, test } from 'vitest';
import { readRedisUrl } from '../../src/queue/redis-address.js';
import { RedisContact } from '../../src/queue/redis-contact.js';

function contact() {
  const told: (boolean | string)[] = [];
  const address = readRedisUrl('redis://127.0.0.1:6379');
  if (typeof address === 'string') throw new Error(address);
  const watched = new RedisContact(address, {
    onTrouble: () => told.push('trouble'),
    onBack: () => told.push('back'),
    onReach: (isReached) => told.push(isReached),
  });
  return { watched, told };
}

const CUT = Object.assign(new Error('cut'), { code: 'ECONNRESET' });

test('it is lost once for both connections, and back with the last of them', () => {
  const { watched, told } = contact();
  watched.lost('commands', CUT);
  watched.lost('waits', CUT);
  expect(told).toEqual([false, 'trouble']);
  watched.reached('commands');
  expect(told).toHaveLength(2);
  watched.reached('waits');
  expect(told.slice(2)).toEqual([true, 'back']);
});

test('what Redis refuses or warns of is no loss', () => {
  const { watched, told } = contact();
  watched.failed(Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' }));
  watched.once('maxmemory-policy');
  expect(told).toEqual(['trouble', 'trouble']);
});

test('once the queue is closed it need not be reached any more', () => {
  const { watched, told } = contact();
  watched.lost('commands', CUT);
  watched.end();
  watched.end();
  watched.reached('commands');
  watched.lost('commands', CUT);
  expect(told).toEqual([false, 'trouble', true]);
});
