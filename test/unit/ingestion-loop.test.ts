/** What a bug does to a run; what a run does is in test/integration. */
import { expect, test } from 'vitest';
import type { Scheduler } from '../../src/core/scheduler.js';
import type { SchedulerCommand } from '../../src/core/scheduler-types.js';
import { IngestionLoop, type LoopParts } from '../../src/runtime/ingestion-loop.js';

const fetchCommand: SchedulerCommand = {
  type: 'fetch',
  ...{
    taskId: 1,
    segment: 1,
    page: 1,
    cursor: null,
    limit: 1,
    isHeadOnly: false,
    isHeadUrgent: true,
  },
};

function loopOver(step: () => SchedulerCommand[], parts: Partial<LoopParts> = {}): IngestionLoop {
  const scheduler = { step, wakeAtMs: Number.POSITIVE_INFINITY } as unknown as Scheduler;
  const observer = { fetchStarted: () => {} } as unknown as LoopParts['observer'];
  const given = { scheduler, observer, nowMs: () => 0, pagePath: () => '/', ...parts };
  return new IngestionLoop(given as unknown as LoopParts);
}

test('a bug in deciding ends the run, not the process', async () => {
  const loop = loopOver(() => {
    throw new Error('two tips');
  });
  await expect(loop.run()).rejects.toThrow('two tips');
});

test('so does one in what is done', async () => {
  const fetch = () => {
    throw new Error('no such worker');
  };
  const buffers = { take: () => null } as unknown as LoopParts['buffers'];
  const loop = loopOver(() => [fetchCommand], { fetch, buffers });
  await expect(loop.run()).rejects.toThrow('no such worker');
});

test('so does one in who looks on', async () => {
  const observer = {
    fetchStarted: () => {
      throw new Error('cannot count');
    },
  } as unknown as LoopParts['observer'];
  const loop = loopOver(() => [fetchCommand], { observer });
  await expect(loop.run()).rejects.toThrow('cannot count');
});
