/** What the end of one share makes of its run. */
import type { Pool } from 'pg';
import { describe, expect, test } from 'vitest';
import type { CommittedPage } from '../../src/core/committed-page.js';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import { Patience } from '../../src/database/patience.js';
import type { PlanSession } from '../../src/database/plan-lock.js';
import { cursorChain } from '../../src/paging/cursor-chain.js';
import { type Conclusion, conclude } from '../../src/session/members/conclude.js';
import type { underPlanLock as underLocked } from '../../src/session/members/under-plan-lock.js';
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
  /** Of a process alone: what became of its run lock. @default it is held */
  readonly lockLost?: string;
  /** How the plan lock goes; @default it is held to the end. */
  readonly underLock?: (work: () => Promise<Conclusion>) => Promise<Conclusion>;
  /** @default it is put on record */
  readonly record?: () => Promise<void>;
}

const PAGE: CommittedPage = {
  ...{ segment: 0, page: 1, cursor: null, nextCursor: null, nextCursorExpiresAtMs: null },
  ...{ hasMore: false, isOrdered: false, clipped: 0, returned: 5, after: null, through: null },
};

/** @returns what was done, in order, and what came of it */
async function concludeWith(outcome: RunOutcome, known: Known = {}) {
  const { status = 'running', others = [], isWhole = true, isOfChildren = false } = known;
  const { isShared = true, handBack, lockLost, underLock = (work) => work() } = known;
  const done: string[] = [];
  const page = isWhole ? PAGE : { ...PAGE, ...NEXT };
  const answers: readonly (readonly [string, () => readonly unknown[]])[] = [
    [
      'FROM ingestion_runs',
      () => [{ run: 7, status: done.includes('recorded') ? 'over' : status }],
    ],
    ['FROM ingestion_pages', () => [{ ...page, last: null }]],
    ['FROM ingestion_members', () => others],
  ];
  const query = async (asked: string | { readonly text: string }) => {
    const text = typeof asked === 'string' ? asked : asked.text;
    if (text.includes('FROM ingestion_members')) done.push('list');
    if (text.includes('has_left_order AS')) return { rows: [{ hasLeftOrder: false }] };
    return { rows: answers.find(([from]) => text.includes(from))?.[1]() ?? [] };
  };
  const pool = { query } as unknown as Pool;
  const session = { pool, patience: new Patience({ forMs: 0 }) };
  const parts = {
    context: { config: { redisUrl: isShared ? 'redis://localhost' : null } },
    database: {},
    lock: {
      async held() {
        if (lockLost !== undefined) throw new IngestionError(lost(lockLost));
      },
    },
    source: {
      streamKey: { source: 's', stream: 'items', origin: 'o' },
      spec: { paging: cursorChain({ cursorLifeMs: 60_000 }), within: null },
    },
    prepared: { run: { run: 7 }, children: isOfChildren ? {} : null },
    share: { leave: async () => void done.push('leave') },
    ...(handBack === undefined ? {} : { handBack }),
  } as unknown as SessionParts;
  const record = async (held: SessionParts): Promise<void> => {
    if (isShared) expect(held.database.pool).toBe(pool);
    done.push('record');
    await known.record?.();
    done.push('recorded');
  };
  const underPlanLock = async (_: unknown, work: (session: PlanSession) => Promise<unknown>) => {
    done.push('lock');
    const attempt = () => work(session) as Promise<Conclusion>;
    return underLock(attempt).finally(() => done.push('unlock'));
  };
  const conclusion = await conclude(parts, outcome, record, underPlanLock as typeof underLocked);
  return { conclusion, done: done.filter((one) => one !== 'recorded') };
}

const NEXT = { nextCursor: 'c1', nextCursorExpiresAtMs: Number.MAX_SAFE_INTEGER, hasMore: true };
const lost = (code: string): Fault => ({
  code: code as Fault['code'],
  message: '',
  retryable: false,
});

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

test.each([COMPLETE, FAILED])(
  'a process alone leaves the run where another one has its lock by now: $status',
  async (outcome) => {
    const known = { isShared: false, lockLost: 'ALREADY_RUNNING' };
    expect(await concludeWith(outcome, known)).toEqual({ conclusion: 'left', done: [] });
  },
);

test('a process alone whose lock is lost to nobody puts its end on record', async () => {
  const known = { isShared: false, lockLost: 'DATABASE_UNAVAILABLE' };
  expect((await concludeWith(FAILED, known)).conclusion).toBe('recorded');
});

describe('where the plan lock is lost', () => {
  const AWAY: Fault = { code: 'DATABASE_UNAVAILABLE', message: 'away', retryable: true };
  const away = () => Promise.reject(new IngestionError(AWAY));
  /** The work is done, comes to nothing, and is done once more. */
  const twice = async (work: () => Promise<Conclusion>) => {
    await work().catch(() => {});
    return work();
  };

  test('behind the end that it has put on record, that stays its own', async () => {
    const { conclusion, done } = await concludeWith(COMPLETE, { underLock: twice });
    expect([conclusion, done]).toEqual(['recorded', ['lock', 'record', 'unlock']]);
  });

  test('before the end is on record, it is put there the next time', async () => {
    let failures = 1;
    const record = async () => {
      if (failures-- > 0) await away();
    };
    const { conclusion, done } = await concludeWith(COMPLETE, { underLock: twice, record });
    expect([conclusion, done]).toEqual(['recorded', ['lock', 'record', 'record', 'unlock']]);
  });

  test('and not to be had again, the reason of the end is not hidden by that', async () => {
    expect((await concludeWith(FAILED, { underLock: away })).conclusion).toBe('left');
    await expect(concludeWith(COMPLETE, { underLock: away })).rejects.toMatchObject({
      fault: AWAY,
    });
  });
});
