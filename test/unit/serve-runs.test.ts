/** Which runs a worker works on as they come and go, and what it makes of how that ends. */
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import type { RunOutcome } from '../../src/core/scheduler-types.js';
import type { SharedRun } from '../../src/database/members.js';
import type { SessionContext } from '../../src/session/context.js';
import type { IngestionEnd, IngestionOptions } from '../../src/session/ingestion.js';
import { RunServer, type ServeOptions } from '../../src/session/members/serve-runs.js';
import { UserError } from '../../src/session/user-error.js';
import { type CapturedLog, captureLog } from '../support/captured-log.js';

const ORIGIN = 'simulator:seed=1,events=9';
const SECRET = 's3cret-of-the-source';
const TURN_MS = 30_000;
/** So often that what is left to chance would happen. */
const LOOKS = 60;

/** What time it is. */
let nowMs = 0;
beforeEach(() => {
  nowMs = 1_800_000_000_000;
});

/** A run at work: what it was told, and how it ends. */
interface Work {
  readonly run: number;
  readonly handBack: AbortSignal;
  end(outcome: RunOutcome): Promise<void>;
  fail(error: unknown): Promise<void>;
}

const run = (number: number, living: readonly number[] = []): SharedRun => ({
  ...{ run: number, source: 'shop', stream: 'items', origin: ORIGIN, living },
});

async function server(options: Partial<ServeOptions> = {}) {
  const log: CapturedLog = await captureLog('info');
  const works: Work[] = [];
  let settled = 0;
  const context = {
    log: log.log,
    redact: (text: string) => text,
    config: {},
  } as unknown as SessionContext;
  const ofRun = {
    ...context,
    redact: (text: string) => text.replaceAll(SECRET, '***'),
    settleLog: () => settled++,
    config: { target: { kind: 'simulator', seed: 1, events: 9 }, stateFile: 'data/state' },
  } as unknown as SessionContext;
  const ingest = (_: SessionContext, { serves, handBack }: IngestionOptions) =>
    new Promise<IngestionEnd>((resolve, reject) => {
      if (serves === undefined || handBack === undefined) throw new Error('a run is served');
      works.push({
        ...{ run: serves, handBack },
        async end(outcome) {
          resolve({ type: 'ended', outcome } as IngestionEnd);
          await setImmediate();
        },
        async fail(error) {
          reject(error);
          await setImmediate();
        },
      });
    });
  const serving = new RunServer(
    context,
    {
      ...{ runsAtOnce: 1, turnMs: TURN_MS, stop: new AbortController().signal },
      contextOf: async () => ofRun,
      leave: (why) => {
        throw new Error(why);
      },
      ...options,
    },
    null,
    { ingest, nowMs: () => nowMs },
  );
  const look = async (...runs: SharedRun[]): Promise<void> => {
    serving.look(runs);
    await setImmediate();
  };
  /** Those that have begun, in order. */
  const begun = () => works.map((work) => work.run);
  const last = (): Work => {
    const work = works.at(-1);
    if (work === undefined) throw new Error('a run is worked on');
    return work;
  };
  const told = () => log.records().map(({ event, message }) => `${event}: ${message}`);
  return { serving, look, begun, last, works, told, settled: () => settled };
}

describe('a run that is shared', () => {
  test('is worked on once, and its log is settled when it is over', async () => {
    const { look, begun, last, told, settled } = await server({ runsAtOnce: 4 });
    await look(run(1));
    await look(run(1, [7]));
    expect([begun(), settled()]).toEqual([[1], 0]);
    await last().end({ status: 'complete' });
    await look();
    expect([begun(), settled()]).toEqual([[1], 1]);
    expect(told()).toEqual([
      'run_served: helps with run 1 of shop.items',
      'run_left: leaves run 1 of shop.items',
    ]);
  });

  test('counts until it is left, though it is over by the ledger', async () => {
    const { look, begun, last } = await server();
    await look(run(1), run(2));
    await look(run(2));
    expect(begun()).toEqual([1]);
    await last().end({ status: 'complete' });
    await look(run(2));
    expect(begun()).toEqual([1, 2]);
  });
});

describe('turns', () => {
  test('a run is handed back for one that nobody serves, and comes again behind that', async () => {
    const { look, begun, last } = await server();
    const both = [run(1), run(2)];
    await look(...both);
    for (const [served, other] of [
      [1, 2],
      [2, 1],
      [1, 2],
    ]) {
      expect(last().run).toBe(served);
      nowMs += TURN_MS - 1;
      await look(...both);
      expect(last().handBack.aborted).toBe(false);
      nowMs += 1;
      await look(...both);
      expect(last().handBack.aborted).toBe(true);
      await last().end({ status: 'interrupted' });
      await look(...both);
      expect(last().run).toBe(other);
    }
    expect(begun()).toEqual([1, 2, 1, 2]);
  });

  test('no other one is handed back meanwhile', async () => {
    const { look, works } = await server({ runsAtOnce: 2 });
    await look(run(1), run(2));
    nowMs += TURN_MS;
    await look(run(1), run(2), run(3));
    // Now the other one has more members, and would be left, by chance.
    for (let times = 0; times < LOOKS; times++) await look(run(1), run(2, [5, 7, 8]), run(3));
    expect(works.map(({ handBack }) => handBack.aborted)).toEqual([true, false]);
  });

  test('a run is not handed back for its only member, which is this worker', async () => {
    const { look, last } = await server();
    await look(run(1));
    for (let times = 0; times < LOOKS; times++) await look(run(1, [3]), run(2));
    expect(last().handBack.aborted).toBe(false);
  });
});

describe('how it ends', () => {
  const FAULT: Fault = {
    ...{ code: 'CREDENTIALS', message: `the API refuses ${SECRET}`, retryable: false },
  };

  test.each([
    ['failed', (work: Work) => work.end({ status: 'failed', fault: FAULT })],
    ['never begun', (work: Work) => work.fail(new IngestionError(FAULT))],
    ['refused', (work: Work) => work.fail(new UserError(FAULT.message))],
  ])('one that is %s is told without secrets, and tried again in a minute', async (_, end) => {
    const { look, begun, last, told } = await server();
    await look(run(1, [7]));
    await end(last());
    nowMs += 59_000;
    await look(run(1, [7]));
    expect(begun()).toEqual([1]);
    expect(told().at(-1)).toMatch(/^run_not_served: .*run 1 of shop.items: the API refuses \*\*\*/);
    nowMs += 1_000;
    await look(run(1, [7]));
    expect(begun()).toEqual([1, 1]);
  });

  test('one that waits for its API is taken up when that is worth it', async () => {
    const { look, begun, last } = await server();
    await look(run(1, [7]));
    const resumeAtMs = nowMs + 300_000;
    await last().end({ status: 'paused', reason: 'the quota is spent', resumeAtMs });
    nowMs += 299_000;
    await look(run(1, [7]));
    expect(begun()).toEqual([1]);
    nowMs += 1_000;
    await look(run(1, [7]));
    expect(begun()).toEqual([1, 1]);
  });

  test('one that cannot be served makes room for another', async () => {
    const { look, begun, last } = await server();
    await look(run(1), run(2));
    await last().fail(new UserError('no'));
    await look(run(1), run(2));
    expect(begun()).toEqual([1, 2]);
  });

  test('one of another origin is not begun', async () => {
    const { look, begun, told } = await server();
    await look({ ...run(1), origin: 'https://other.example' });
    expect(begun()).toEqual([]);
    expect(told()).toEqual([
      expect.stringContaining(
        `run 1 of shop.items: it reads https://other.example, and the settings here name ${ORIGIN}`,
      ),
    ]);
  });

  test('a bug is not taken for a run that cannot be served', async () => {
    const { serving, look, last } = await server();
    await look(run(1));
    const finished = expect(serving.finish()).rejects.toThrow('no such thing');
    await last().fail(new TypeError('no such thing'));
    await finished;
  });
});

test('at the end all are handed back, and waited for', async () => {
  const { serving, look, works } = await server({ runsAtOnce: 2 });
  await look(run(1), run(2));
  let isFinished = false;
  const finishing = serving.finish().then(() => {
    isFinished = true;
  });
  expect(works.map(({ handBack }) => handBack.aborted)).toEqual([true, true]);
  await works[0]?.end({ status: 'interrupted' });
  expect(isFinished).toBe(false);
  await works[1]?.end({ status: 'interrupted' });
  await finishing;
});
