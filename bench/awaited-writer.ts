/** The writer thread for who writes a few pages and waits for each: results as promises. */
import type { WriteResult, WriteTask } from '../src/protocol/writer-messages.js';
import { WriterHandle } from '../src/runtime/writer-handle.js';

export interface AwaitedWriter {
  readonly handle: WriterHandle;
  /** Resolves with what became of the page. Rejects never. */
  write(task: WriteTask): Promise<WriteResult>;
}

export function startAwaitedWriter(): AwaitedWriter {
  const waiting = new Map<number, (result: WriteResult) => void>();
  const handle = new WriterHandle({
    environment: {},
    onWritten: (taskId, result) => waiting.get(taskId)?.(result),
    onWaiting: () => {},
  });
  return {
    handle,
    write(task) {
      const result = new Promise<WriteResult>((resolve) => waiting.set(task.taskId, resolve));
      handle.write(task);
      return result;
    },
  };
}
