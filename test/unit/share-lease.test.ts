/** The lease of a member: how it is renewed, when it is lost, and what others are told with it. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import { LEASE_MS, leaveShares, one, shareOver, whole } from '../support/played-share.js';

leaveShares();

describe('the lease', () => {
  test('is renewed again and again, with what the share says of itself', async () => {
    const { share, view, told, done } = shareOver();
    const state = { phase: 'walking', shareable: 9, figures: NO_FIGURES } as const;
    view.state.mockReturnValue(state);
    share.begin(view);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(3));
    expect(told[0]).toEqual(state);
    expect(done[0]).toBe(`renew for ${LEASE_MS}`);
  });

  test('is lost when the run is planned anew, or the member is not known any more', async () => {
    for (const renewed of [{ plan: 2, free: 0, isLeftBehind: false, members: [] }, null]) {
      const { share, view, ledger } = shareOver();
      share.begin(view);
      let isLost = false;
      void share.lost.then(() => {
        isLost = true;
      });
      await setImmediate();
      expect(isLost).toBe(false);
      ledger.renewed = renewed;
      expect(await share.lost).toMatchObject({ code: 'LEASE_LOST' });
    }
  });

  test('is not lost for a database that is away', async () => {
    const { share, view, ledger, told } = shareOver();
    ledger.fails = 'renew';
    share.begin(view);
    await setImmediate();
    ledger.fails = null;
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(1));
  });

  test('does not wait for the count of all pages', async () => {
    const { share, view, ledger, told } = shareOver();
    const members = [3, 4].map((epoch) => ({ epoch, phase: 'walking', shareable: 0 }) as const);
    ledger.renewed = { plan: 1, free: 0, isLeftBehind: false, members };
    let count = (): void => {};
    ledger.counting = () =>
      new Promise((resolve) => {
        count = () => resolve({ rows: 70, inserted: 70, known: 0, quarantined: 0 });
      });
    share.begin(view);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(3));
    expect(view.recounted).not.toHaveBeenCalled();
    count();
    await vi.waitFor(() => expect(view.recounted).toHaveBeenCalledWith(70));
  });

  test('brings help to whoever has nothing to do', async () => {
    const { share, view, ledger, told } = shareOver();
    const members = [
      { epoch: 3, phase: 'walking', shareable: 9 },
      { epoch: 4, phase: 'idle', shareable: 0 },
    ] as const;
    ledger.renewed = { plan: 1, free: 1, isLeftBehind: false, members };
    share.begin(view);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(2));
    // It takes what is free.
    expect(view.help).not.toHaveBeenCalled();
    ledger.renewed = { plan: 1, free: 0, isLeftBehind: false, members };
    await vi.waitFor(() => expect(view.help).toHaveBeenCalled());
  });
});

describe('who has claimed something', () => {
  test('walks, though its scheduler does not know yet, until it asks for more', async () => {
    const { share, view, ledger, told } = shareOver();
    view.state.mockReturnValue({ phase: 'atEnd', shareable: 0, figures: NO_FIGURES });
    share.begin(view);
    await vi.waitFor(() => expect(told.at(-1)?.phase).toBe('atEnd'));
    ledger.rest = { ...ledger.rest, free: [one(4)] };
    ledger.claimed = [whole(4)];
    await share.take();
    const before = told.length;
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(before + 2));
    expect(told.slice(before).map(({ phase }) => phase)).not.toContain('atEnd');
    ledger.rest = { ...ledger.rest, free: [] };
    const taking = share.take();
    await vi.waitFor(() => expect(told.at(-1)?.phase).toBe('atEnd'));
    await share.leave();
    await taking;
  });

  test('says nothing else while the claim is under way', async () => {
    const { share, view, ledger, told } = shareOver();
    view.state.mockReturnValue({ phase: 'atEnd', shareable: 0, figures: NO_FIGURES });
    ledger.rest = { ...ledger.rest, free: [one(4)] };
    ledger.claimed = [whole(4)];
    let claim = (): void => {};
    ledger.claiming = () =>
      new Promise((resolve) => {
        claim = resolve;
      });
    share.begin(view);
    const taking = share.take();
    await vi.waitFor(() => expect(told.some(({ phase }) => phase === 'walking')).toBe(true));
    const before = told.length;
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(before + 1));
    claim();
    await taking;
    expect(told.slice(before).map(({ phase }) => phase)).not.toContain('atEnd');
  });
});
