/** What a bug does to a run, and which of two ports is faster; what a run does is in test/integration. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Scheduler } from '../../src/core/scheduler.js';
import type { SchedulerCommand, SchedulerEvent } from '../../src/core/scheduler-types.js';
import type { PageHead, PageResult } from '../../src/protocol/fetch-messages.js';
import { IngestionLoop, type LoopParts } from '../../src/runtime/ingestion-loop.js';

const fetchCommand: SchedulerCommand = {
  type: 'fetch',
  ...{
    taskId: 1,
    segment: 1,
    page: 1,
    cursor: null,
    limit: 1,
    startMs: 0,
    isHeadOnly: false,
    isHeadUrgent: true,
  },
};

type Step = (events: SchedulerEvent[]) => SchedulerCommand[];

function loopOver(step: Step, parts: Partial<LoopParts> = {}): IngestionLoop {
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

test('so does one in whoever was to fetch', async () => {
  const buffers = { take: () => null } as unknown as LoopParts['buffers'];
  const fetch = () => Promise.reject(new Error('not even a fault'));
  await expect(loopOver(() => [fetchCommand], { fetch, buffers }).run()).rejects.toThrow(
    'not even a fault',
  );
});

describe('a head that is posted ahead of its result', () => {
  const head = { type: 'head', taskId: 1, nextCursor: 'abc', meta: {} } as PageHead;
  const batch = { rowCount: 3, rejects: { count: 0 } };
  const page = { type: 'page', taskId: 1, head, batch } as PageResult;
  const fault = { code: 'PAGE_MALFORMED', message: 'cut short', retryable: true } as const;
  const broken: PageResult = { type: 'fault', taskId: 1, fault, meta: null, buffers: null };

  /** The types of what the scheduler is told, once all has come. */
  async function told(result: PageResult, headComes: 'before' | 'after'): Promise<string[]> {
    const types: string[] = [];
    let isAsked = false;
    const step: Step = (events) => {
      types.push(...events.map(({ type }) => type));
      if (isAsked) return [];
      isAsked = true;
      return [fetchCommand];
    };
    const nothing = (): void => {};
    const observer = {
      ...{ fetchStarted: nothing, headSeen: nothing, scanned: nothing, fetchFailed: nothing },
    } as unknown as LoopParts['observer'];
    const buffers = { take: () => null, give: nothing } as unknown as LoopParts['buffers'];
    let answer: (result: PageResult) => void = nothing;
    const fetch = () => new Promise<PageResult>((resolve) => (answer = resolve));
    const parts = { fetch, buffers, observer, tellFetcher: nothing };
    const loop = loopOver(step, parts);
    void loop.run();
    if (headComes === 'before') loop.onHead(head);
    answer(result);
    await setImmediate();
    if (headComes === 'after') loop.onHead(head);
    return types;
  }

  test('is told once, before the rows, whichever comes first', async () => {
    expect(await told(page, 'before')).toEqual(['head', 'scanned']);
    expect(await told(page, 'after')).toEqual(['head', 'scanned']);
  });

  test('is not told of a page that has failed meanwhile', async () => {
    expect(await told(broken, 'before')).toEqual(['head', 'failed']);
    expect(await told(broken, 'after')).toEqual(['failed']);
  });
});
