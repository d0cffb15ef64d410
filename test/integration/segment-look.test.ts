/** What is left of a run: what is offered to members, and whether others have any of it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { NO_FIGURES } from '../../src/core/cluster-view.js';
import { type MemberState, openMemberStore } from '../../src/database/members.js';
import { openSegmentStore, type SegmentStore } from '../../src/database/segment-store.js';
import { usePostgres } from '../support/postgres.js';
import {
  beginRun,
  claimAll,
  joinRun,
  LEASE_MS,
  lapse,
  makeChildren,
  neighbours,
  type RunMember,
} from '../support/run-members.js';

const database = usePostgres();
let store: SegmentStore;
let run: number;
let first: RunMember;
let second: RunMember;

beforeEach(async () => {
  store = openSegmentStore(database.pool);
  run = await beginRun(database.pool);
  first = await joinRun(database.pool, run);
  second = await joinRun(database.pool, run);
});

describe('a look', () => {
  const look = (isAlone = false) => store.look(run, isAlone);

  test('finds what nobody holds, or nobody who lives, one job each', async () => {
    await store.open(first.holder, neighbours(0, 2));
    await store.open(second.holder, neighbours(2, 1));
    await store.release(first.holder, [1]);
    expect(await look()).toMatchObject({
      ...{ plan: 0, hasOpen: true },
      free: [{ first: 1, last: 1 }],
    });
    await lapse(database.pool, first);
    expect((await look()).free).toEqual([
      { first: 0, last: 0 },
      { first: 1, last: 1 },
    ]);
  });

  test('offers the first of very many segments', async () => {
    await store.open(first.holder, neighbours(0, 30));
    await store.release(first.holder);
    const { free } = await look();
    expect(free).toHaveLength(20);
    expect([free.at(0), free.at(-1)]).toEqual([
      { first: 0, last: 0 },
      { first: 19, last: 19 },
    ]);
  });

  test('finds one job for all that stands alone where nobody else works on the run', async () => {
    await store.open(first.holder, neighbours(0, 3));
    await store.end(first.holder, [1]);
    await store.release(first.holder);
    expect((await look(true)).free).toEqual([{ first: 0, last: 2 }]);
  });

  test('says that nothing is open, though segments are held that are superseded', async () => {
    await store.open(first.holder, neighbours(0, 2));
    await store.end(first.holder, [0]);
    await store.supersede(first.holder, 1);
    expect(await look()).toMatchObject({ hasOpen: false, free: [] });
  });

  test.each([true, false])('finds children in blocks (alone: %s)', async (isAlone) => {
    await makeChildren(database.pool, run, 1_200);
    expect((await look(isAlone)).free).toEqual([
      { first: 1, last: 499 },
      { first: 500, last: 999 },
      { first: 1_000, last: 1_200 },
    ]);
  });

  test('names a block by numbers that stay, whatever is taken or ended of others', async () => {
    await makeChildren(database.pool, run, 1_200);
    await store.claim(second.holder, { first: 1, last: 499 }, { steadyMs: 0, plan: second.plan });
    await store.claim(first.holder, { first: 600, last: 610 }, { steadyMs: 0, plan: first.plan });
    await store.end(first.holder, [600, 601]);
    expect((await look()).free).toEqual([
      { first: 500, last: 999 },
      { first: 1_000, last: 1_200 },
    ]);
    await store.end(second.holder, [1, 2, 498]);
    await store.release(second.holder);
    // Of a block that was begun the rest is named.
    expect((await look()).free.at(0)).toEqual({ first: 3, last: 499 });
  });

  test('offers the first of very many children, and the rest once these are taken', async () => {
    await makeChildren(database.pool, run, 11_000);
    const { free } = await look();
    expect(free).toHaveLength(20);
    expect(free.at(-1)).toEqual({ first: 9_500, last: 9_999 });
    await store.claim(first.holder, { first: 0, last: 9_999 }, { steadyMs: 0, plan: first.plan });
    expect((await look()).free).toEqual([
      { first: 10_000, last: 10_499 },
      { first: 10_500, last: 10_999 },
      { first: 11_000, last: 11_000 },
    ]);
  });
});

describe('whether others have anything left', () => {
  const isLeft = () => store.areOthersLeft(first.holder);
  const tell = (member: RunMember, phase: MemberState['phase']) => {
    const state = { phase, shareable: 0, figures: NO_FIGURES };
    return openMemberStore(database.pool).renew(member.holder, state, LEASE_MS);
  };

  test('what it holds itself is not asked for', async () => {
    await store.open(first.holder, neighbours(0, 1));
    expect(await isLeft()).toBe(false);
  });

  test('what is free is left', async () => {
    await store.open(second.holder, neighbours(0, 1));
    await store.release(second.holder);
    expect(await isLeft()).toBe(true);
  });

  test('what another walks is left, until it waits at its end or all has ended', async () => {
    await store.open(second.holder, neighbours(0, 1));
    await tell(second, 'walking');
    expect(await isLeft()).toBe(true);
    await tell(second, 'atEnd');
    expect(await isLeft()).toBe(false);
    await tell(second, 'walking');
    await store.end(second.holder, [0]);
    expect(await isLeft()).toBe(false);
  });

  test('what a dead member holds is left, wherever it waited', async () => {
    await store.open(second.holder, neighbours(0, 1));
    await tell(second, 'atEnd');
    await lapse(database.pool, second);
    expect(await isLeft()).toBe(true);
  });

  test('what another takes is left, though it waited at an end until then', async () => {
    await store.open(first.holder, neighbours(0, 1));
    for (const member of [first, second]) await tell(member, 'atEnd');
    await store.release(first.holder);
    await claimAll(store, second);
    expect(await isLeft()).toBe(true);
    const phases = (await openMemberStore(database.pool).list(run)).map(({ phase }) => phase);
    expect(phases).toEqual(['atEnd', 'walking']);
  });
});
