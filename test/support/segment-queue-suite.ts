/** What every form of the queue must do, whatever it is made of. */
import { afterEach, describe, expect, test } from 'vitest';
import type { HeldJob, SegmentJob, SegmentQueue } from '../../src/queue/segment-queue.js';

export const one = (first: number, last = first): SegmentJob => ({ first, last });
export const many = (count: number): SegmentJob[] =>
  Array.from({ length: count }, (_, index) => one(index + 1));
export const shown = (job: SegmentJob | null): string =>
  job === null ? 'none' : `${job.first}..${job.last}`;

/** @throws where the queue was closed meanwhile */
export async function taken(queue: SegmentQueue): Promise<HeldJob> {
  const job = await queue.take();
  if (job === null) throw new Error('the take ended without a job');
  return job;
}

/** @param openMember another member of the same run, which is a new one for each test */
export function describeSegmentQueue(openMember: () => Promise<SegmentQueue>): void {
  const opened: SegmentQueue[] = [];
  const open = async (): Promise<SegmentQueue> => {
    const queue = await openMember();
    opened.push(queue);
    return queue;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queue) => queue.close()));
  });

  describe('offers and takes', () => {
    test('jobs come in the order in which they were offered', async () => {
      const queue = await open();
      await queue.offer([one(3), one(5, 9)]);
      await queue.offer([one(1)]);
      const jobs = [await taken(queue), await taken(queue), await taken(queue)];
      expect(jobs.map(shown)).toEqual(['3..3', '5..9', '1..1']);
    });

    test('many jobs at once come whole and in order', async () => {
      const queue = await open();
      await queue.offer(many(1_234));
      const numbers: number[] = [];
      for (let left = 1_234; left > 0; left--) {
        const job = await taken(queue);
        numbers.push(job.first);
        await job.done();
      }
      expect(numbers).toEqual(many(1_234).map(({ first }) => first));
    });

    test('a job that waits is not added again, by any member', async () => {
      const [queue, other] = [await open(), await open()];
      await queue.offer([one(1), one(1), one(2)]);
      await other.offer([one(2), one(1), one(1, 2)]);
      const jobs = [await taken(queue), await taken(other), await taken(queue)];
      expect(jobs.map(shown)).toEqual(['1..1', '2..2', '1..2']);
      await jobs[0]?.done();
      await other.offer([one(7)]);
      expect(shown(await taken(queue))).toBe('7..7');
    });

    test('a job that is held is not added again', async () => {
      const [queue, other] = [await open(), await open()];
      await queue.offer([one(1)]);
      await taken(queue);
      await queue.offer([one(1)]);
      await other.offer([one(1), one(2)]);
      expect(shown(await taken(other))).toBe('2..2');
    });

    test('a job that is done can be offered again', async () => {
      const queue = await open();
      for (let round = 0; round < 3; round++) {
        await queue.offer([one(4)]);
        const job = await taken(queue);
        expect(shown(job)).toBe('4..4');
        await job.done();
        // It is out of these hands: nothing more can be said of it.
        await job.done();
        await job.putOff(0);
      }
      await queue.offer([one(5)]);
      expect(shown(await taken(queue))).toBe('5..5');
    });

    test('a take waits for an offer that is made later, by another member', async () => {
      const [queue, other] = [await open(), await open()];
      const first = taken(queue);
      const second = taken(queue);
      await other.offer([one(1), one(2)]);
      expect(shown(await first)).toBe('1..1');
      expect(shown(await second)).toBe('2..2');
    });
  });

  describe('ends', () => {
    test('an abort ends a take, and what is offered then goes to the next', async () => {
      const queue = await open();
      const stop = new AbortController();
      const given = queue.take(stop.signal);
      const kept = taken(queue);
      stop.abort();
      expect(await given).toBeNull();
      await queue.offer([one(1)]);
      expect(shown(await kept)).toBe('1..1');
      expect(await queue.take(AbortSignal.abort())).toBeNull();
      await queue.offer([one(2)]);
      expect(shown(await taken(queue))).toBe('2..2');
    });

    test('a job is not lost with the only take, aborted while it came', async () => {
      const [queue, other] = [await open(), await open()];
      for (let number = 1; number <= 5; number++) {
        const stop = new AbortController();
        const given = queue.take(stop.signal);
        await other.offer([one(number)]);
        stop.abort();
        const job = (await given) ?? (await taken(other));
        expect(shown(job)).toBe(`${number}..${number}`);
        await job.done();
      }
    });

    test('close ends takes, and what comes later is nothing', async () => {
      const [queue, other] = [await open(), await open()];
      const takes = [queue.take(), queue.take()];
      await queue.close();
      expect(await Promise.all(takes)).toEqual([null, null]);
      await other.offer([one(1)]);
      expect(await queue.take()).toBeNull();
      await queue.offer([one(2)]);
      await queue.clear();
      await queue.close();
      expect(shown(await taken(other))).toBe('1..1');
    });

    test('close frees what is held for others, and what it held says nothing any more', async () => {
      const [queue, other] = [await open(), await open()];
      await queue.offer([one(1), one(2), one(3)]);
      const held = [await taken(queue), await taken(queue)];
      await queue.close();
      const jobs = [await taken(other), await taken(other), await taken(other)];
      expect(jobs.map(shown)).toEqual(['1..1', '2..2', '3..3']);
      await held[0]?.done();
      await held[1]?.putOff(0);
      await other.offer([one(1), one(2), one(4)]);
      expect(shown(await taken(other))).toBe('4..4');
    });

    test('clear leaves nothing of the run, and the queue goes on', async () => {
      const [queue, other] = [await open(), await open()];
      await queue.offer(many(5));
      const held = await taken(queue);
      await (await taken(other)).putOff(1);
      await queue.clear();
      await held.done();
      await held.putOff(0);
      const next = taken(other);
      await queue.offer([one(9)]);
      expect(shown(await next)).toBe('9..9');
      await queue.offer([one(1)]);
      expect(shown(await taken(other))).toBe('1..1');
    });
  });

  describe('put off', () => {
    test('a job that is put off comes again, behind what waits', async () => {
      const queue = await open();
      await queue.offer([one(1), one(2)]);
      await (await taken(queue)).putOff(1);
      expect(shown(await taken(queue))).toBe('2..2');
      expect(shown(await taken(queue))).toBe('1..1');
    });

    test('it does not come before its time, and is not added meanwhile', async () => {
      const queue = await open();
      await queue.offer([one(1), one(2)]);
      await (await taken(queue)).putOff(600_000);
      await (await taken(queue)).putOff(200);
      await queue.offer([one(1), one(2)]);
      const stop = new AbortController();
      expect(shown(await queue.take(stop.signal))).toBe('2..2');
      const next = queue.take(stop.signal);
      await queue.offer([one(1), one(3)]);
      expect(shown(await next)).toBe('3..3');
      const never = queue.take(stop.signal);
      stop.abort();
      expect(await never).toBeNull();
    });
  });

  test('a job is held by one only, with eight who take', async () => {
    const members = await Promise.all(Array.from({ length: 8 }, open));
    const [first] = members;
    const numbers: number[] = [];
    let tell = () => {};
    const allTaken = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const works = members.map(async (queue) => {
      let held = 0;
      for (let job = await queue.take(); job !== null; job = await queue.take()) {
        // What a member holds goes to another one as it is closed.
        if (numbers.length === 200) continue;
        held++;
        numbers.push(job.first);
        if (job.first % 2 === 0) await job.done();
        if (numbers.length === 200) tell();
      }
      return held;
    });
    await first?.offer(many(100));
    // One that is done may come again, as a job of its own.
    await first?.offer(many(200).filter((job) => job.first > 100 || job.first % 2 === 1));
    await allTaken;
    await Promise.all(members.map((queue) => queue.close()));
    const shares = await Promise.all(works);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(many(200).map((job) => job.first));
    expect(shares.filter((share) => share > 0).length).toBeGreaterThan(1);
  });
}
