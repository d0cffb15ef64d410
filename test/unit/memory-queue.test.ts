/** The queue of a process alone; several over the same jobs are the members of a cluster. */
import { beforeEach, expect, test } from 'vitest';
import { MemoryJobs, MemoryQueue } from '../../src/queue/memory-queue.js';
import { describeSegmentQueue, one, shown, taken } from '../support/segment-queue-suite.js';

let jobs = new MemoryJobs();
beforeEach(() => {
  jobs = new MemoryJobs();
});

describeSegmentQueue(async () => new MemoryQueue(jobs));

test('a queue alone has jobs of its own', async () => {
  const [queue, other] = [new MemoryQueue(), new MemoryQueue()];
  await queue.offer([one(1)]);
  await other.offer([one(2)]);
  expect(shown(await taken(other))).toBe('2..2');
  expect(shown(await taken(queue))).toBe('1..1');
});
