import { afterEach, expect, test, vi } from 'vitest';
import { exitOnSignal, listenForSignals } from '../../src/runtime/shutdown.js';

const before = process.listeners('SIGTERM');

afterEach(() => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    for (const listener of process.listeners(signal)) {
      if (!before.includes(listener)) process.off(signal, listener);
    }
  }
});

test('a signal that comes twice at once drains, and does not end the last words of the process', () => {
  const handlers = { onDrain: vi.fn(), onExit: vi.fn() };
  const stop = listenForSignals(handlers);
  process.emit('SIGTERM');
  stop();
  // Without a listener the system would end the process here.
  expect(process.listenerCount('SIGTERM')).toBe(before.length + 1);
  process.emit('SIGTERM');
  expect(handlers.onDrain).toHaveBeenCalledOnce();
  expect(handlers.onExit).not.toHaveBeenCalled();
});

test('without a signal nothing is left behind', () => {
  listenForSignals({ onDrain: vi.fn(), onExit: vi.fn() })();
  expect(process.listenerCount('SIGTERM')).toBe(before.length);
});

test('without anybody who listens a signal ends the process with the code, else not', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  // The test runner may listen too, and counts as somebody.
  const others = process.rawListeners('SIGTERM').slice();
  process.removeAllListeners('SIGTERM');
  try {
    exitOnSignal(130);
    const stop = listenForSignals({ onDrain: vi.fn(), onExit: vi.fn() });
    process.emit('SIGTERM');
    expect(exit).not.toHaveBeenCalled();
    process.removeAllListeners('SIGTERM');
    stop();
    exitOnSignal(130);
    process.emit('SIGTERM');
    expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  } finally {
    process.removeAllListeners('SIGTERM');
    for (const other of others) process.on('SIGTERM', other as () => void);
    exit.mockRestore();
  }
});
