/** How alerts are delivered, by a clock that passes only where the sender waits. */
import { describe, expect, test } from 'vitest';
import { AlertSender, FINISH_MS } from '../../src/observe/alerts/alert-sender.js';
import { type Answer, judgeAnswer } from '../../src/observe/alerts/delivery.js';

const TAKEN = answered(200);

function answered(status: number, retryAfterMs: number | null = null): Answer {
  return { type: 'answered', status, retryAfterMs };
}

const FAULT: Answer = { type: 'fault', code: 'ECONNREFUSED' };

/** A receiver that answers by a script, and the last answer from then on. */
function startSender(...script: readonly Answer[]) {
  let nowMs = 0;
  const posts: { readonly body: string; readonly atMs: number }[] = [];
  const reports: string[] = [];
  const report =
    (what: string) => (sent: { alert: string; attempts: number; reason: string | null }) =>
      reports.push(`${what} ${sent.alert} after ${sent.attempts}: ${sent.reason}`);
  const sender = new AlertSender({
    post: async (body) => {
      posts.push({ body, atMs: nowMs });
      return script[posts.length - 1] ?? script.at(-1) ?? TAKEN;
    },
    nowMs: () => nowMs,
    // The bound of `finish` is another timer than the sender's own waits: it must not move the clock.
    delay: async (ms, signal) => {
      if (ms === FINISH_MS)
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      if (!signal.aborted) nowMs += ms;
    },
    random: () => 1,
    onTaken: report('taken'),
    onDelayed: report('delayed'),
    onLost: report('lost'),
  });
  return { sender, posts, reports };
}

const bodies = (posts: readonly { readonly body: string }[]) => posts.map(({ body }) => body);

describe('an alert', () => {
  test('that is taken at once is posted once', async () => {
    const { sender, posts, reports } = startSender(TAKEN);
    sender.send('a', { a: 1 }, true);
    await sender.finish();
    expect(bodies(posts)).toEqual(['{"a":1}']);
    expect(reports).toEqual(['taken a after 1: null']);
  });

  test('is posted again after network faults and 5xx, with growing waits, until it is taken', async () => {
    const { sender, posts, reports } = startSender(FAULT, answered(500), answered(503), TAKEN);
    sender.send('a', {}, true);
    await settled(reports, 'taken');
    expect(posts.map(({ atMs }) => atMs)).toEqual([0, 1_000, 3_000, 7_000]);
    expect(reports).toEqual(['delayed a after 1: ECONNREFUSED', 'taken a after 4: null']);
    await sender.finish();
  });

  test('waits as long as Retry-After asks', async () => {
    const { sender, posts, reports } = startSender(answered(429, 42_000), TAKEN);
    sender.send('a', {}, true);
    await settled(reports, 'taken');
    expect(posts.map(({ atMs }) => atMs)).toEqual([0, 42_000]);
    await sender.finish();
  });

  test('is given up after a quarter of an hour', async () => {
    const { sender, posts, reports } = startSender(answered(502));
    sender.send('a', {}, true);
    await settled(reports, 'lost');
    expect(posts.length).toBeGreaterThan(15);
    expect(posts.at(-1)?.atMs).toBeLessThan(15 * 60_000);
    expect(posts.at(-1)?.atMs).toBeGreaterThan(13 * 60_000);
    await sender.finish();
  });

  test('is not posted again where the receiver refuses it, and the settings to check are named', async () => {
    const { sender, posts, reports } = startSender(answered(404), TAKEN);
    sender.send('a', {}, true);
    sender.send('b', {}, true);
    await sender.finish();
    expect(posts).toHaveLength(2);
    expect(reports[0]).toMatch(/^lost a after 1: HTTP 404\. Check ALERT_WEBHOOK_URL/);
    expect(reports[1]).toBe('taken b after 1: null');
  });
});

describe('several alerts', () => {
  test('are posted in order, each before the next', async () => {
    const { sender, posts, reports } = startSender(answered(500), TAKEN);
    for (const name of ['a', 'b', 'c']) sender.send(name, { name }, false);
    await settled(reports, 'taken c');
    expect(bodies(posts)).toEqual(['{"name":"a"}', '{"name":"a"}', '{"name":"b"}', '{"name":"c"}']);
    await sender.finish();
  });

  test('are bounded in number, but an end finds room', async () => {
    const { sender, posts, reports } = startSender(TAKEN);
    for (let index = 0; index < 100; index++) sender.send(`stall ${index}`, {}, false);
    sender.send('the end', { end: true }, true);
    await sender.finish();
    expect(reports.filter((report) => report.startsWith('lost'))).toHaveLength(49);
    expect(bodies(posts).at(-1)).toBe('{"end":true}');
  });
});

describe('at the end of the process', () => {
  test('a wait is cut short for a last attempt', async () => {
    let release = () => {};
    let nowMs = 0;
    const posts: number[] = [];
    const sender = new AlertSender({
      post: async () => (posts.push(nowMs) < 3 ? FAULT : TAKEN),
      nowMs: () => nowMs,
      delay: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          signal.addEventListener('abort', () => resolve());
          if (ms === FINISH_MS) return;
          release = () => {
            nowMs += ms;
            resolve();
          };
        }),
      random: () => 1,
      onTaken: () => {},
      onDelayed: () => {},
      onLost: () => {},
    });
    sender.send('a', {}, true);
    await turns();
    expect(posts).toEqual([0]);
    const finished = sender.finish();
    await turns();
    expect(posts).toEqual([0, 0]);
    release();
    await finished;
    expect(posts).toEqual([0, 0, 2_000]);
  });

  test('a receiver that hangs is left when the time is over, and all that waits is lost', async () => {
    const reports: string[] = [];
    let nowMs = 0;
    const sender = new AlertSender({
      post: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ type: 'fault', code: 'AbortError' }));
        }),
      nowMs: () => nowMs,
      delay: async (ms) => {
        nowMs += ms;
      },
      random: () => 1,
      onTaken: () => {},
      onDelayed: () => {},
      onLost: ({ alert }) => reports.push(alert),
    });
    sender.send('a', {}, true);
    sender.send('b', {}, true);
    await sender.finish();
    expect(nowMs).toBe(FINISH_MS);
    expect(reports).toEqual(['a', 'b']);
  });

  test('with nothing to send there is nothing to wait for', async () => {
    const { sender, posts } = startSender(TAKEN);
    await sender.finish();
    expect(posts).toEqual([]);
  });
});

describe('an answer', () => {
  const known = { attempts: 1, leftMs: 900_000, isLast: false, random: 0 };

  test.each([200, 202, 204])('%i takes the alert', (status) => {
    expect(judgeAnswer(answered(status), known)).toEqual({ type: 'taken' });
  });

  test.each([408, 425, 429, 500, 503, 504])('%i is worth another try', (status) => {
    expect(judgeAnswer(answered(status), known)).toMatchObject({ type: 'again', delayMs: 500 });
  });

  test.each([301, 400, 401, 404, 410])('%i is not', (status) => {
    expect(judgeAnswer(answered(status), known)).toMatchObject({ type: 'lost' });
  });

  test('that asks for more time than is left loses the alert', () => {
    const late = { ...known, leftMs: 10_000 };
    expect(judgeAnswer(answered(429, 10_000), late)).toMatchObject({ type: 'lost' });
  });

  test('waits grow to a minute, and to two seconds at the end of the process', () => {
    const delayOf = (isLast: boolean) =>
      judgeAnswer(FAULT, { ...known, attempts: 30, random: 1, isLast });
    expect(delayOf(false)).toMatchObject({ delayMs: 60_000 });
    expect(delayOf(true)).toMatchObject({ delayMs: 2_000 });
  });
});

/** Lets all that waits for nothing but a turn of the event loop go on. */
function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function settled(reports: readonly string[], wanted: string): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    if (reports.some((report) => report.startsWith(wanted))) return;
    await turns();
  }
  throw new Error(`no report of ${wanted} among ${reports.join('; ')}`);
}
