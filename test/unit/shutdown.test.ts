import { afterEach, expect, test, vi } from 'vitest';
import { listenForSignals } from '../../src/runtime/shutdown.js';

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
