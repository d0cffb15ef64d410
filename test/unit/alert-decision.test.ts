/** When a run is told of: stalls by a clock of the test's own, and ends. */
import { describe, expect, test } from 'vitest';
import type { AlertChange } from '../../src/observe/alerts/alert.js';
import { AlertDecision } from '../../src/observe/alerts/alert-decision.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const STALL_MS = 10 * MINUTE_MS;

/** Drives a decision second by second. */
function startRun(options: Partial<ConstructorParameters<typeof AlertDecision>[0]> = {}) {
  const decision = new AlertDecision({ stallMs: STALL_MS, ...options });
  let nowMs = 0;
  const told: string[] = [];
  const tell = (changes: readonly AlertChange[]): void => {
    for (const { action, kind, isOfStart } of changes) {
      told.push(`${action} ${kind}${isOfStart ? ' of the start' : ''}`);
    }
  };
  const pass = (spanMs: number, isLimited: boolean): void => {
    tell(decision.tick(nowMs, isLimited));
    for (const endMs = nowMs + spanMs; nowMs < endMs; ) {
      nowMs += SECOND_MS;
      tell(decision.tick(nowMs, isLimited));
    }
  };
  return {
    told,
    permitted: (spanMs: number) => pass(spanMs, false),
    limited: (spanMs: number) => pass(spanMs, true),
    sleep: (spanMs: number) => {
      nowMs += spanMs;
    },
    commit: () => tell(decision.committed()),
    differ: () => tell(decision.recordsChanged()),
    end: (...args: Parameters<AlertDecision['ended']>) => tell(decision.ended(...args)),
  };
}

describe('a stall', () => {
  test('is told when the time is full, and not a second before', () => {
    const run = startRun();
    run.permitted(STALL_MS - SECOND_MS);
    expect(run.told).toEqual([]);
    run.permitted(SECOND_MS);
    expect(run.told).toEqual(['trigger stalled']);
  });

  test('is told once, resolved by a page once, and told again when it happens again', () => {
    const run = startRun();
    run.permitted(5 * STALL_MS);
    expect(run.told).toEqual(['trigger stalled']);
    run.commit();
    run.commit();
    expect(run.told).toEqual(['trigger stalled', 'resolve stalled']);
    run.permitted(2 * STALL_MS);
    expect(run.told).toEqual(['trigger stalled', 'resolve stalled', 'trigger stalled']);
  });

  test('is none while pages come, however slowly', () => {
    const run = startRun();
    for (let page = 0; page < 20; page++) {
      run.permitted(STALL_MS - SECOND_MS);
      run.commit();
    }
    expect(run.told).toEqual([]);
  });

  test('is none while the limit lets nothing start, however long its window', () => {
    const run = startRun();
    run.limited(24 * 60 * MINUTE_MS);
    for (let page = 0; page < 5; page++) {
      run.permitted(5 * SECOND_MS);
      run.commit();
      run.limited(60 * MINUTE_MS);
    }
    expect(run.told).toEqual([]);
  });

  test('is none after a single refusal that asks for an hour', () => {
    const run = startRun();
    run.permitted(SECOND_MS);
    run.limited(60 * MINUTE_MS);
    run.permitted(5 * SECOND_MS);
    run.commit();
    expect(run.told).toEqual([]);
  });

  test('is one where each permitted request is refused', () => {
    const run = startRun();
    for (let window = 0; window < 9; window++) {
      run.permitted(SECOND_MS);
      run.limited(MINUTE_MS);
    }
    expect(run.told).toEqual([]);
    run.permitted(SECOND_MS);
    run.limited(MINUTE_MS);
    expect(run.told).toEqual(['trigger stalled']);
  });

  test('is none of the time in which the process did not run', () => {
    const run = startRun();
    run.permitted(MINUTE_MS);
    run.sleep(10 * STALL_MS);
    run.permitted(MINUTE_MS);
    expect(run.told).toEqual([]);
  });
});

test('records that differ are told beside the end, and not after it', () => {
  const run = startRun();
  run.differ();
  run.end('complete');
  run.differ();
  expect(run.told).toEqual(['trigger schema_changed', 'trigger finished']);
});

describe('an end', () => {
  test.each([
    ['complete', 'trigger finished'],
    ['paused', 'trigger paused'],
    ['failed', 'trigger failed'],
  ] as const)('%s is told once a process', (status, told) => {
    const run = startRun();
    run.end(status);
    run.end('failed');
    run.commit();
    run.permitted(2 * STALL_MS);
    expect(run.told).toEqual([told]);
  });

  test('by a signal is not told', () => {
    const run = startRun();
    run.end('interrupted');
    run.permitted(2 * STALL_MS);
    expect(run.told).toEqual([]);
  });

  test('because another instance does the run is not told', () => {
    const run = startRun();
    run.end('failed', { isElsewhere: true });
    expect(run.told).toEqual([]);
  });

  test('before there is a run says so', () => {
    const run = startRun();
    run.end('failed', { isOfStart: true });
    expect(run.told).toEqual(['trigger failed of the start']);
  });

  test.each(['failed', 'interrupted'] as const)('by %s resolves the stall first', (status) => {
    const run = startRun();
    run.permitted(STALL_MS);
    run.end(status);
    expect(run.told.slice(0, 2)).toEqual(['trigger stalled', 'resolve stalled']);
    expect(run.told.slice(2)).toEqual(status === 'failed' ? ['trigger failed'] : []);
  });
});

describe('what earlier processes left open', () => {
  const leftOpen = [
    { kind: 'failed', isOfStart: true },
    { kind: 'paused', isOfStart: false },
    { kind: 'stalled', isOfStart: false },
  ] as const;
  const resolved = ['resolve failed of the start', 'resolve paused', 'resolve stalled'];

  test('is resolved by the first page, once', () => {
    const run = startRun({ leftOpen });
    run.commit();
    run.commit();
    run.end('complete');
    expect(run.told).toEqual([...resolved, 'trigger finished']);
  });

  test('is resolved by a completion without a page', () => {
    const run = startRun({ leftOpen });
    run.end('complete');
    expect(run.told).toEqual([...resolved, 'trigger finished']);
  });

  test('stays open where the process comes no further', () => {
    const run = startRun({ leftOpen });
    run.end('paused');
    expect(run.told).toEqual(['trigger paused']);
  });

  test('is not resolved twice where it is the same stall', () => {
    const run = startRun({ leftOpen });
    run.permitted(STALL_MS);
    run.commit();
    expect(run.told.filter((change) => change === 'resolve stalled')).toHaveLength(1);
  });
});
