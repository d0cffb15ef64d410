import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Posted, SubmitClient } from '../../src/session/submission/submit-client.js';
import { sendingShown } from '../../src/session/submission/submit-progress.js';

const IDS = { path: 'ids.txt', bytes: 1_000_000 };
const LOST: Posted = { type: 'lost', reason: 'cut', isBodySent: true };

let written = '';
beforeEach(() => {
  vi.useFakeTimers();
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A client that has sent as much as it is told. */
function slowClient() {
  let answer: (posted: Posted) => void = () => {};
  const client = {
    sentBytes: 0,
    list: () => Promise.reject(new Error('not asked here')),
    post: () =>
      new Promise<Posted>((resolve) => {
        answer = resolve;
      }),
  };
  return { client, answer: () => answer(LOST), shown: client as unknown as SubmitClient };
}

describe('sending', () => {
  test('is told with its rate and rest, then that the answer is waited for, then nothing', async () => {
    const { client, answer, shown } = slowClient();
    const posted = sendingShown(shown, false).post(IDS, 'https://github.com/a/b');
    client.sentBytes = 400_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(written).toMatch(/400,000 of 1,000,000 bytes \(40\.0 %\), [\d,]+\/s, \d+ s left/);
    client.sentBytes = IDS.bytes;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(written).toContain('all is sent, waiting for the answer');
    answer();
    expect(await posted).toBe(LOST);
    written = '';
    await vi.advanceTimersByTimeAsync(20_000);
    expect(written).toBe('');
  });

  test('is not told of with --json', async () => {
    const { client, answer, shown } = slowClient();
    const posted = sendingShown(shown, true).post(IDS, 'https://github.com/a/b');
    client.sentBytes = 400_000;
    await vi.advanceTimersByTimeAsync(60_000);
    answer();
    await posted;
    expect(written).toBe('');
  });
});
