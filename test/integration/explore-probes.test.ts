/**
 * Single probes against a simulator: refusals, cursor life, totals, small and odd sources, faults.
 * What hangs on the instant at which a request arrives is judged in simulated time: test/simulation.
 */
import { describe, expect, test } from 'vitest';
import { IngestionError } from '../../src/core/fault.js';
import { longestStarts } from '../../src/core/limit-log.js';
import { ALONE, type StartRequest } from '../../src/core/start-reservation.js';
import { epochNowMs } from '../../src/explore/transport.js';
import { type ExploredSimulator, exploreSimulator, mostSentInWindow } from '../support/explored.js';

function said({ exploration }: ExploredSimulator, name: string) {
  const found = exploration.findings.find((finding) => finding.name === name);
  if (found === undefined) throw new Error(`no finding ${name}`);
  return { value: found.value, confidence: found.confidence };
}

// Most of an exploration is waiting for a window.
describe.concurrent('a probe finds', () => {
  describe('with --provoke', () => {
    test('refusals are provoked within the budget', async () => {
      const knobs = { eventsQuota: 8, eventsWindowMs: 2_000 };
      const result = await exploreSimulator(knobs, { doesProvoke: true });
      expect(result.explored.notebook.refusal).toMatchObject({ type: 'refused', quota: 8 });
      expect(result.stats.refused).toBeGreaterThan(0);
      expect(result.explored.requests.events).toBeLessThanOrEqual(24);
    });

    test('where answers do not say what is left, nothing is provoked', async () => {
      const result = await exploreSimulator({ limitDialect: 'none' }, { doesProvoke: true });
      expect(said(result, 'limit.refused-calls-count').confidence).toBe('unknown');
      expect(result.stats.refused).toBe(0);
    });
  });

  test('with --thorough a cursor is outlived, and samples are enough for a percentile', async () => {
    const result = await exploreSimulator({ cursorTtlMs: 2_000 }, { isThorough: true });
    expect(said(result, 'cursor.life').value).toBe(2_000);
    const { lifetime, together } = result.explored.notebook;
    expect(lifetime).toMatchObject({ type: 'waited', deadAfterMs: expect.any(Number) });
    expect(together.map(({ count }) => count)).toEqual([2, 4]);
    expect(said(result, 'latency.p95').confidence).toBe('measured');
    const most = mostSentInWindow(result.explored, result.settings.eventsWindowMs);
    expect(most).toBeLessThanOrEqual(15);
    expect(result.explored.requests.events).toBeLessThanOrEqual(
      result.explored.plan.requests.events ?? 0,
    );
  });

  test('more budget means more samples', async () => {
    const result = await exploreSimulator({}, { budget: 40 });
    expect(said(result, 'latency.p95').confidence).toBe('measured');
    expect(result.explored.requests.events).toBeLessThanOrEqual(40);
  });

  test('totals that differ are not believed', async () => {
    const result = await exploreSimulator({ totalLies: 1 });
    expect(said(result, 'total.is-true').confidence).toBe('unknown');
  });

  describe('a small source', () => {
    test('of three pages is known to its end', async () => {
      const result = await exploreSimulator({ events: 1_400 });
      expect(said(result, 'total.is-true')).toEqual({ value: true, confidence: 'measured' });
    });

    test('of one page is counted, and the size of pages stays unknown where none is told', async () => {
      const result = await exploreSimulator({ events: 30, flatShape: true });
      expect(said(result, 'total')).toEqual({ value: 30, confidence: 'measured' });
      expect(said(result, 'page.default-size').confidence).toBe('unknown');
      expect(said(result, 'page.largest-size').confidence).toBe('unknown');
      expect(result.exploration.prediction?.records).toBe(30);
    });

    test('without any event is no failure', async () => {
      const result = await exploreSimulator({ events: 0 });
      expect(said(result, 'total').value).toBe(0);
      expect(said(result, 'total.is-true').value).toBe(true);
      expect(said(result, 'order').confidence).toBe('unknown');
      expect(said(result, 'record.fields').confidence).toBe('unknown');
    });
  });

  test('where neither total nor seeking is to be had, the total is unknown and nothing is predicted', async () => {
    const result = await exploreSimulator({ flatShape: true, opaqueCursors: true });
    expect(said(result, 'total').confidence).toBe('unknown');
    expect(said(result, 'cursor.life').confidence).toBe('unknown');
    expect(result.exploration.prediction).toBeNull();
  });

  test('odd records and odd forms of time are counted', async () => {
    const hostileKinds = 'noId,malformedId,nonObject,unreadableTimestamp,secondsTimestamp';
    const result = await exploreSimulator({ hostileRows: 0.1, hostileKinds });
    // Four of the five kinds are odd; seconds are a form of time that is read.
    expect(Number(said(result, 'record.odd-share').value)).toBeCloseTo(8, -1);
    expect(said(result, 'record.timestamp-forms').value).toMatch(/epoch s number \d/);
  });

  describe('faults', () => {
    test('a failed request is asked again within the budget', async () => {
      const result = await exploreSimulator({ htmlError: 0.2, htmlErrorBurst: 1, seed: 3 });
      expect(result.explored.notebook.faults.length).toBeGreaterThan(0);
      expect(result.explored.requests.events).toBeLessThanOrEqual(12);
      expect(said(result, 'page.largest-size')).toEqual({ value: 500, confidence: 'measured' });
    });

    test('a key that dies on the way ends it', async () => {
      const asked = exploreSimulator({ keyDiesAfterRequests: 4 });
      await expect(asked).rejects.toThrow(IngestionError);
      await expect(asked).rejects.toMatchObject({ fault: { code: 'CREDENTIALS' } });
    });

    test('headers that make no sense name no limit', async () => {
      const result = await exploreSimulator({ nonsenseLimitHeaders: 1 });
      expect(said(result, 'limit.quota').confidence).toBe('unknown');
      expect(said(result, 'limit.window').confidence).toBe('unknown');
      expect(said(result, 'limit.window-kind').confidence).toBe('unknown');
    });
  });

  test('every start is reserved before its request arrives', async () => {
    const saves: { readonly atMs: number; readonly starts: number }[] = [];
    const memory = {
      load: async () => null,
      reserve: async ({ log, count }: StartRequest) => {
        saves.push({ atMs: epochNowMs(), starts: longestStarts(log).length + count });
        return ALONE;
      },
    };
    const { stats, settings } = await exploreSimulator({}, {}, memory);
    expect(stats.eventsArrivalsMs.length).toBeGreaterThan(8);
    for (const arrivedAtMs of stats.eventsArrivalsMs) {
      const known = saves.findLast(({ atMs }) => atMs <= arrivedAtMs)?.starts;
      const inWindow = stats.eventsArrivalsMs.filter(
        (atMs) => atMs <= arrivedAtMs && atMs > arrivedAtMs - settings.eventsWindowMs,
      );
      expect(known).toBeGreaterThanOrEqual(inWindow.length);
    }
  });
});
