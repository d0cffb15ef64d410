/** How `status` tells of the members of a run. */
import { describe, expect, test } from 'vitest';
import type { SeenMember } from '../../src/core/cluster-view.js';
import {
  memberLines,
  membersText,
  otherRunLines,
  spansText,
} from '../../src/observe/members-text.js';
import { NO_PAINT } from '../../src/observe/paint.js';
import { clusterOf, DEAD, runOf, seenMember } from '../support/seen-members.js';

const linesOf = (...members: SeenMember[]) => memberLines(clusterOf(runOf(members)), 7, NO_PAINT);

describe('the members of a run', () => {
  test('are not told of where it is not shared', () => {
    expect(memberLines(clusterOf(), 7, NO_PAINT)).toEqual([]);
    expect(membersText(clusterOf(), 7)).toBe('');
    expect(memberLines(clusterOf(runOf([seenMember()], { run: 8 })), 7, NO_PAINT)).toEqual([]);
  });

  test('are one line where there is one', () => {
    const [first, ...more] = linesOf(seenMember({ segments: 1, held: [0] }));
    expect(first).toContain('member     web-1 process 12, walking, 1 segment, since 2026-01-27');
    expect(more.map((line) => line.trim())).toEqual(['UTC, version 0.2.0']);
  });

  test('are missed where there are none', () => {
    expect(linesOf()).toEqual(['  members    none: it waits for a worker']);
  });

  test('have each their phase, figures, version, and what they hold', () => {
    const idle = { epoch: 2, name: 'web-2 process 34', phase: 'idle', segments: 0, held: [] };
    const figures = { requests: 1, rows: 1_000, rowsPerSecond: 0, inFlight: 0, heldRecords: 0 };
    const lines = linesOf(seenMember(), seenMember({ ...(idle as Partial<SeenMember>), figures }));
    expect(lines).toEqual([
      '  members    2, 500 rows/s together',
      '    web-1 process 12                   walking         500/s       40,000 rows',
      '      since 2026-01-27 11:58:30 UTC, 40 requests, 3 in flight, 0.2.0',
      '      holds 2 segments: 0, 3',
      '    web-2 process 34                   idle              0/s        1,000 rows',
      '      since 2026-01-27 11:58:30 UTC, 1 request, 0 in flight, 0.2.0',
    ]);
    expect(membersText(clusterOf(runOf([seenMember(), seenMember({ epoch: 2 })])), 7)).toBe(
      '2 members',
    );
  });

  test('who died come first, and count for nothing', () => {
    const dead = seenMember({ ...DEAD, epoch: 2, name: 'web-2 process 34' });
    const lines = linesOf(seenMember(), dead);
    expect(lines[0]).toBe('  members    1, 500 rows/s together; 1 not heard of');
    expect(lines[1]).toMatch(/^ {4}web-2 process 34 +not heard of +40,000 rows$/);
    expect(lines[2]).toContain('lease over for 34 s, since ');
    expect(membersText(clusterOf(runOf([seenMember(), dead])), 7)).toBe('1 member');
    // Alone it is no lone process at work.
    expect(linesOf(dead)[0]).toBe('  members    0, 0 rows/s together; 1 not heard of');
  });

  test('fit 80 columns, however many, and with long names', () => {
    const held = Array.from({ length: 20 }, (_, index) => 100_000 + 3 * index);
    const many = Array.from({ length: 30 }, (_, index) =>
      seenMember({
        ...{ epoch: index + 1, name: `${'ingest-'.repeat(9)}${index} process 1`, segments: 400 },
        ...{
          held,
          figures: {
            requests: 1e6,
            rows: 1e9,
            rowsPerSecond: 123_456,
            inFlight: 100,
            heldRecords: 0,
          },
        },
      }),
    );
    const lines = linesOf(...many);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThan(30);
    expect(lines.at(-1)).toBe('    and 22 more');
    expect(lines.find((line) => line.includes('holds'))).toMatch(/400 segments: 100000, .*…$/);
  });
});

test('other runs that are shared are named, with how many work on them', () => {
  const runs = [
    runOf([seenMember()]),
    runOf([seenMember(), seenMember({ ...DEAD, epoch: 2 })], { run: 9, stream: 'commits' }),
    runOf([], { run: 11 }),
  ];
  expect(otherRunLines(clusterOf(...runs), 7)).toEqual([
    '  other runs run 9 of github.commits (1 member), run 11 of github.issues (0',
    '             members)',
  ]);
  expect(otherRunLines(clusterOf(runOf([seenMember()])), 7)).toEqual([]);
});

test('neighbouring segments are one span', () => {
  expect(spansText([])).toBe('');
  expect(spansText([3])).toBe('3');
  expect(spansText([0, 1, 2, 5, 7, 8])).toBe('0–2, 5, 7–8');
});
