/** What the end of one share makes of its run. */
import { describe, expect, test } from 'vitest';
import type { CommittedPage } from '../../src/core/committed-page.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import { conclude } from '../../src/session/members/conclude.js';
import type { SessionParts } from '../../src/session/session-parts.js';

const COMPLETE = { status: 'complete' } as const;
const STOPPED = { status: 'interrupted' } as const;
const FAILED = {
  status: 'failed',
  fault: { code: 'CREDENTIALS', message: 'no', retryable: false },
} as const;

interface Known {
  /** By the ledger, once the plan lock is held. @default running */
  readonly status?: string;
  /** Whether each other member is dead. */
  readonly others?: readonly { readonly isDead: boolean }[];
  /** Whether the last page of the chain is there. @default it is */
  readonly isWhole?: boolean;
  readonly isOfChildren?: boolean;
  readonly isShared?: boolean;
  readonly handBack?: AbortSignal;
}

const PAGE: CommittedPage = {
  ...{ segment: 0, page: 1, cursor: null, nextCursor: null, nextCursorExpiresAtMs: null },
  ...{ hasMore: false, isOrdered: false, clipped: 0, returned: 5, after: null, through: null },
};

/** @returns what was done, in order, and what came of it */
async function concludeWith(outcome: RunOutcome, known: Known = {}) {
  const { status = 'running', others = [], isWhole = true, isOfChildren = false } = known;
  const { isShared = true, handBack } = known;
  const done: string[] = [];
  const answer = (text: string): unknown[] => {
    if (text.includes('pg_try_advisory_lock')) done.push('lock');
    if (text.includes('pg_advisory_unlock')) done.push('unlock');
    if (text.includes('FROM ingestion_members')) done.push('list');
    if (text.includes('has_left_order')) return [{ hasLeftOrder: false }];
    return text.includes('FROM ingestion_members') ? [...others] : [{ isTaken: true }];
  };
  const query = async (text: string) => ({ rows: answer(text) });
  const client = { query, on() {}, off() {}, release() {} };
  const next = { nextCursor: 'c1', nextCursorExpiresAtMs: Number.MAX_SAFE_INTEGER, hasMore: true };
  const parts = {
    context: { config: { redisUrl: isShared ? 'redis://localhost' : null } },
    database: { pool: { query, connect: async () => client } },
    source: {
      streamKey: { source: 's', stream: 'items', origin: 'o' },
      spec: { paging: cursorChain({ cursorLifeMs: 60_000 }), within: null },
    },
    prepared: { run: { run: 7 }, children: isOfChildren ? {} : null },
    store: {
      findRun: async () => ({ run: 7, status }),
      loadPages: async () => [isWhole ? PAGE : { ...PAGE, ...next }],
    },
    share: { leave: async () => void done.push('leave') },
    ...(handBack === undefined ? {} : { handBack }),
  } as unknown as SessionParts;
  const conclusion = await conclude(parts, outcome, async () => void done.push('record'));
  return { conclusion, done };
}

describe('a share that found nothing left', () => {
  test('puts the run on record as complete, under the plan lock', async () => {
    const { conclusion, done } = await concludeWith(COMPLETE);
    expect(conclusion).toBe('recorded');
    expect(done).toEqual(['lock', 'record', 'unlock']);
  });

  test.each(['complete', 'failed', 'paused'])(
    'leaves it as it is where another one has put its end on record: %s',
    async (status) => {
      const { conclusion, done } = await concludeWith(COMPLETE, { status });
      expect(conclusion).toBe('left');
      expect(done).not.toContain('record');
    },
  );

  test('has it planned anew where pages lack, whatever was said of segments', async () => {
    const { conclusion, done } = await concludeWith(COMPLETE, { isWhole: false });
    expect(conclusion).toEqual({ run: 7, plansAnew: true, hasLeftOrder: false });
    expect(done).not.toContain('record');
  });

  test('of children looks at no page: each was looked at when it had ended', async () => {
    const { conclusion } = await concludeWith(COMPLETE, { isWhole: false, isOfChildren: true });
    expect(conclusion).toBe('recorded');
  });

  test('does not wait for members that live: they hold nothing', async () => {
    const { conclusion } = await concludeWith(COMPLETE, { others: [{ isDead: false }] });
    expect(conclusion).toBe('recorded');
  });
});

describe.each([
  ['failed', FAILED],
  ['was stopped', STOPPED],
] as const)('a share that %s', (_, outcome) => {
  test('leaves the run to the others, once they can have what it held', async () => {
    const { conclusion, done } = await concludeWith(outcome, { others: [{ isDead: false }] });
    expect(conclusion).toBe('left');
    expect(done).toEqual(['lock', 'leave', 'list', 'unlock']);
  });

  test.each([
    ['nobody else is there', []],
    ['nobody else lives', [{ isDead: true }]],
  ])('says how the run ended where %s', async (__, others) => {
    const { conclusion, done } = await concludeWith(outcome, { others });
    expect(conclusion).toBe('recorded');
    expect(done).toEqual(['lock', 'leave', 'list', 'record', 'unlock']);
  });

  test('changes nothing of a run that is over', async () => {
    const { conclusion, done } = await concludeWith(outcome, { status: 'complete' });
    expect(conclusion).toBe('left');
    expect(done).not.toContain('record');
  });
});

describe('a worker', () => {
  const handBack = new AbortController().signal;

  test('that is stopped leaves the run as it is, though nobody else is there', async () => {
    const { conclusion, done } = await concludeWith(STOPPED, { handBack });
    expect(conclusion).toBe('left');
    expect(done).toEqual(['leave']);
  });

  test('that fails as the last one says so', async () => {
    expect((await concludeWith(FAILED, { handBack })).conclusion).toBe('recorded');
  });
});

test.each([COMPLETE, STOPPED, FAILED])(
  'a process alone puts its end on record without a lock: $status',
  async (outcome) => {
    const { conclusion, done } = await concludeWith(outcome, { isShared: false });
    expect([conclusion, done]).toEqual(['recorded', ['record']]);
  },
);
