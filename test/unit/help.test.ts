/** Which members leave something to those that have nothing to do. */
import { describe, expect, test } from 'vitest';
import { givesHelp, type MemberLoad, takesBeside } from '../../src/core/help.js';

const walking = (epoch: number, shareable: number): MemberLoad => ({
  ...{ epoch, phase: 'walking', shareable },
});
const idle = (epoch: number): MemberLoad => ({ epoch, phase: 'idle', shareable: 0 });

/** Who gives, as each decides by itself. */
const givers = (members: readonly MemberLoad[], free = 0): number[] =>
  members.filter(({ epoch }) => givesHelp(epoch, members, free)).map(({ epoch }) => epoch);

describe('of members that walk', () => {
  test('none gives while none is idle', () => {
    expect(givers([walking(1, 500), walking(2, 100)])).toEqual([]);
  });

  test('the one with the most gives to one that is idle', () => {
    expect(givers([walking(1, 100), walking(2, 500), walking(3, 200), idle(4)])).toEqual([2]);
  });

  test('as many give as are idle, those with the most', () => {
    const loads = [walking(1, 100), walking(2, 500), walking(3, 200)];
    expect(givers([...loads, idle(4), idle(5)])).toEqual([2, 3]);
    expect(givers([...loads, idle(4), idle(5), idle(6), idle(7)])).toEqual([1, 2, 3]);
  });

  test('of two with as much the one that joined first gives, in whatever order they are seen', () => {
    const members = [walking(2, 500), walking(1, 500), idle(3)];
    expect(givers(members)).toEqual([1]);
    expect(givers(members.toReversed())).toEqual([1]);
  });

  test('one that could share nothing gives nothing', () => {
    expect(givers([walking(1, 0), idle(2)])).toEqual([]);
    expect(givers([walking(1, 0), walking(2, 1), idle(3), idle(4)])).toEqual([2]);
  });
});

test('those that are idle take what is free first', () => {
  const members = [walking(1, 500), idle(2), idle(3)];
  expect(givers(members, 1)).toEqual([1]);
  expect(givers(members, 2)).toEqual([]);
  expect(givers(members, 5)).toEqual([]);
});

test('one that waits at the end of the run neither gives nor wants', () => {
  const atEnd: MemberLoad = { epoch: 1, phase: 'atEnd', shareable: 900 };
  expect(givers([atEnd, walking(2, 5), idle(3)])).toEqual([2]);
  expect(givers([atEnd, walking(2, 5)])).toEqual([]);
});

test('one that is idle itself gives nothing, whatever it says that it could', () => {
  const resting: MemberLoad = { epoch: 1, phase: 'idle', shareable: 900 };
  expect(givers([resting, walking(2, 5)])).toEqual([2]);
});

test('who is not among the members gives nothing', () => {
  expect(givesHelp(9, [walking(1, 500), idle(2)], 0)).toBe(false);
});

test('what dead members held is taken beside the own where nobody has nothing to do', () => {
  expect(takesBeside([walking(1, 500), walking(2, 0)])).toBe(true);
  expect(takesBeside([walking(1, 500), { ...walking(2, 0), phase: 'atEnd' }])).toBe(true);
  expect(takesBeside([walking(1, 500), idle(2)])).toBe(false);
});
