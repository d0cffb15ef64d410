/** No secret gets into a record, wherever in it an error or a field would put one. */
import pg from 'pg';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { RecentLog } from '../../src/observe/recent-log.js';
import { secretsOf } from '../../src/session/secrets.js';
import { captureLog } from '../support/captured-log.js';
import { readConfig } from '../support/datasync.js';

const KEY = 'ds_live_4f"9\\c2';
/** As it is, and as it stands in an address. */
const PASSWORD = 'p@ss/w0rd é';
const ENCODED = encodeURIComponent(PASSWORD);
const URL_WITH_PASSWORD = `postgresql://someone:${ENCODED}@127.0.0.1:1/events`;
const UNREADABLE = `postgresql://u:${ENCODED}@[broken`;
const EVENT = { event: 'test_logged' };

async function loud() {
  const recent = new RecentLog();
  const log = await captureLog('trace', recent);
  const read = readConfig({ TARGET_API_KEY: KEY, DATABASE_URL: URL_WITH_PASSWORD }, {});
  if (!read.ok) throw new Error('the configuration is not usable');
  for (const secret of secretsOf(read.config)) log.conceal(secret);
  return { ...log, recent };
}

/** The log as text, each form of the secrets absent; every line still whole JSON. */
function expectClean({ lines, recent }: Awaited<ReturnType<typeof loud>>): string {
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const said = [...records, ...recent.entries()].map((each) => allText(each)).join('\n');
  for (const secret of [KEY, PASSWORD, ENCODED]) expect(said).not.toContain(secret);
  expect(records.every(({ event }) => event === EVENT.event)).toBe(true);
  return said;
}

async function errorOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing failed');
}

/** Names and texts of a record, without the escapes of JSON. */
function allText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${allText(each)}`)
    .join(' ');
}

test('a key or password is taken out of messages, fields, names and depths', async () => {
  const log = await loud();
  log.log.info(EVENT, `refused: ${KEY} BAD_${KEY}_END at ${URL_WITH_PASSWORD}`);
  log.log.debug({ ...EVENT, [KEY]: 1, deep: [{ deeper: { list: [PASSWORD] } }] }, 'fields');
  log.log.warn({ ...EVENT, fault: { code: 'NETWORK', message: PASSWORD } }, 'a fault');
  log.log.child({ bound: KEY }).error(EVENT, 'a child');
  expect(log.lines).toHaveLength(4);
  expect(expectClean(log)).toContain('BAD_[secret]_END');
});

test('what the drivers throw is clean, with causes and whatever they hang on their errors', async () => {
  const log = await loud();
  const thrown: unknown[] = [];
  const fails = async (work: () => Promise<unknown>): Promise<void> => {
    thrown.push(await errorOf(work));
  };
  await fails(() => new pg.Client({ connectionString: URL_WITH_PASSWORD }).connect());
  await fails(async () => new pg.Client(UNREADABLE).connect());
  await fails(() => request(`http://127.0.0.1:1/${ENCODED}`, { headers: { 'x-api-key': KEY } }));
  await fails(() => request(`http://someone:${ENCODED}@[broken/`));
  await fails(() => request('http://127.0.0.1:1/', { headers: { 'x-api-key': `${KEY}\n` } }));
  await fails(() => fetch(`http://someone:${ENCODED}@127.0.0.1:1/`));
  expect(thrown).toHaveLength(6);
  for (const error of thrown) {
    const cause = new Error(`at ${URL_WITH_PASSWORD}`, { cause: error });
    const all = new AggregateError([error, cause], `key ${KEY}`, { cause });
    const options = { url: URL_WITH_PASSWORD, headers: { authorization: `Bearer ${KEY}` } };
    log.log.error({ ...EVENT, err: Object.assign(all, { options }) }, String(error));
    log.log.error({ ...EVENT, err: error }, 'as it came');
  }
  expectClean(log);
});

test('control: the same errors tell the secrets to a log that does not know them', async () => {
  const log = await captureLog('info');
  const error = await errorOf(() => request(`http://someone:${ENCODED}@[broken/`));
  log.log.info({ ...EVENT, note: PASSWORD }, KEY);
  expect(allText(log.records())).toContain(PASSWORD);
  expect(allText(log.records())).toContain(KEY);
  expect(allText({ ...(error as object) })).toContain(ENCODED);
});

test('the secrets of a configuration are key, password, webhook and the headers of traces', () => {
  const read = readConfig(
    {
      TARGET_API_KEY: KEY,
      DATABASE_URL: `${URL_WITH_PASSWORD}?sslmode=prefer`,
      ALERT_WEBHOOK_URL: 'https://hooks.example/services/T0/B0/abcdef',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:otlp-pass@collector.example',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue-7,authorization=Basic%20dXNlcjpwYXNz',
    },
    {},
  );
  const secrets = read.ok ? secretsOf(read.config) : [];
  const webhook = 'services/T0/B0/abcdef';
  const expected = [KEY, ENCODED, 'otlp-pass', 'blue-7', 'dXNlcjpwYXNz', webhook];
  expect(secrets).toEqual(expect.arrayContaining(expected));
});

test('what nobody told is found by where it stands', async () => {
  const log = await loud();
  const unknown = 'Zm9yZWlnbi1zZWNyZXQ';
  const texts = [
    `GET https://user:${unknown}@example.com/path`,
    `amqp://${unknown}@example.com`,
    `Authorization: Bearer ${unknown}`,
    `{"authorization":"Basic ${unknown}"}`,
    `x-api-key=${unknown}&more=1`,
    `password = '${unknown}'`,
    `host=a password=${unknown} user=b`,
    `sent bearer ${unknown}`,
  ];
  for (const text of texts) log.log.info(EVENT, text);
  const names = ['apiKey', 'x-api-key', 'Authorization', 'password', 'connectionString', 'token'];
  for (const name of names) log.log.info({ ...EVENT, at: { depth: [{ [name]: unknown }] } }, name);
  const said = expectClean(log);
  expect(said).not.toContain(unknown);
  expect(said).toContain('https://[secret]@example.com/path');
});

test('a password that is an ordinary word or a number spoils no name and no figure', async () => {
  const log = await captureLog('info');
  for (const secret of ['test_logged', 'run', '42', 'info']) log.conceal(secret);
  log.log.info({ ...EVENT, bytes: 42, share: 1.42 }, 'running run 42 of 421');
  expect(log.records()[0]).toMatchObject({
    level: 'info',
    event: 'test_logged',
    bytes: 42,
    share: 1.42,
    message: 'running [secret] [secret] of 421',
  });
});

test('a message without a secret is left as it is', async () => {
  const log = await loud();
  const message = 'the API refused the key (401): check TARGET_API_KEY; password authentication';
  log.log.info(EVENT, message);
  expect(log.records()[0]?.message).toBe(message);
});
