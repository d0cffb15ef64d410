/** One attempt to post an alert. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import { Webhook } from '../../src/observe/alerts/webhook.js';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';

const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

async function startWebhook(
  timeoutMs: number,
): Promise<{ webhook: Webhook; server: FixtureServer; asked: Promise<void> }> {
  let tell = () => {};
  const asked = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const server = await startFixtureServer(() => tell());
  const webhook = new Webhook(`${server.origin}/services/token`, {
    userAgent: 'a test',
    proxies: null,
    timeoutMs,
  });
  closes.push(
    () => webhook.close(),
    () => server.close(),
  );
  return { webhook, server, asked };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

test('an attempt that is never answered ends at its deadline, whatever garbage is collected meanwhile', async () => {
  const { webhook, server, asked } = await startWebhook(2_000);
  const attempt = webhook.post('{}', Date.now, new AbortController().signal);
  await asked;
  collectGarbage();
  expect(await attempt).toEqual({ type: 'fault', code: 'no answer in 2 s' });
  expect(server.requests).toHaveLength(1);
});

test('an attempt that is given up ends at once, and is not told as late', async () => {
  const { webhook, asked } = await startWebhook(60_000);
  const stop = new AbortController();
  const attempt = webhook.post('{}', Date.now, stop.signal);
  await asked;
  stop.abort();
  expect(await attempt).toEqual({ type: 'fault', code: 'AbortError' });
  expect(await webhook.post('{}', Date.now, stop.signal)).toMatchObject({ type: 'fault' });
});
