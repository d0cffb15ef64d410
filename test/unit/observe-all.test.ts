/** Several observers of one run, of which only the first may end it. */
import { expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.js';
import { observeAll } from '../../src/runtime/observe-all.js';
import type { RunObserver, WriteCommand } from '../../src/runtime/run-observer.js';

const FAULT: Fault = { code: 'NETWORK', message: 'gone', retryable: true };

const WRITE = { type: 'write', segment: 1, page: 2 } as WriteCommand;

function observer(onFault: () => void): RunObserver {
  const nothing = () => {};
  return {
    fetchStarted: nothing,
    headSeen: nothing,
    scanned: nothing,
    fetchFailed: nothing,
    committed: nothing,
    writeFailed: onFault,
    noticed: nothing,
  };
}

test('all are told, in the order given', () => {
  const told: string[] = [];
  const name = (text: string) => observer(() => told.push(text));
  observeAll(name('watch'), [name('a'), name('b')], () => {}).writeFailed(WRITE, FAULT);
  expect(told).toEqual(['watch', 'a', 'b']);
});

test('an onlooker that fails is left out from then on, and the others go on', () => {
  const told: string[] = [];
  const complaints: unknown[] = [];
  const bug = new Error('a bug');
  const all = observeAll(
    observer(() => told.push('watch')),
    [
      observer(() => {
        told.push('broken');
        throw bug;
      }),
      observer(() => told.push('well')),
    ],
    (error) => complaints.push(error),
  );
  all.writeFailed(WRITE, FAULT);
  all.writeFailed(WRITE, FAULT);
  expect(told).toEqual(['watch', 'broken', 'well', 'watch', 'well']);
  expect(complaints).toEqual([bug]);
});

test('a failure of the watch itself is a bug of the run', () => {
  const bug = new Error('a bug');
  const watch = observer(() => {
    throw bug;
  });
  const all = observeAll(watch, [observer(() => {})], () => {});
  expect(() => all.writeFailed(WRITE, FAULT)).toThrow(bug);
});
