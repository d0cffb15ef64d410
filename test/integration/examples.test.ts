/** The folders of `examples`: the commands of each README against an API that keeps the contract it is about. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, type TestContext, test } from 'vitest';
import { DEFAULT_CREDENTIAL, type JsonRecord } from '../support/apis/contract.js';
import { github } from '../support/apis/github.js';
import { ordersApi } from '../support/apis/orders-api.js';
import { pageNumberApi } from '../support/apis/page-number-api.js';
import type { ApiServer } from '../support/apis/serve.js';
import { stripe } from '../support/apis/stripe.js';
import { useApis } from '../support/apis/use-apis.js';
import { Example } from '../support/example.js';
import { startGatedApi } from '../support/gated-api.js';
import { useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';
import { dropTables, heldKeys, type SourceCase, storedKeys } from '../support/sources.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const apis = useApis();

const limit = { quota: 20, windowMs: 1_000 };
const options = { limit, latencyMs: 5 };

/** The API in place of the one that the source file names. */
function envFor(api: Pick<ApiServer, 'origin'>, more: Readonly<Record<string, string>>, path = '') {
  return { API_BASE_URL: api.origin + path, DATABASE_URL: database.connectionString, ...more };
}

async function expectStored(api: ApiServer<string>, one: SourceCase): Promise<void> {
  expect(await storedKeys(database.pool, one)).toEqual(heldKeys(api, one));
  expect(api.refused).toBe(0);
}

function needs(context: TestContext, command: string): void {
  if (!hasCommand(command)) context.skip(`not installed: ${command}`);
}

test('each has a README, and a line in the table of all', () => {
  const there = readdirSync(join(REPOSITORY, 'examples'), { withFileTypes: true });
  const folders = there.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const index = readRepositoryFile('examples/README.md');
  const listed = [...index.matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(folders.toSorted());
  for (const name of folders) {
    expect(readRepositoryFile(`examples/${name}/README.md`)).toMatch(/^# /);
  }
});

test('github-issues copies the issues, and its query counts the open ones by label', async (context) => {
  needs(context, 'psql');
  const api = await apis.start(github(options));
  const example = new Example('github-issues', folder);
  const env = envFor(api, { GITHUB_TOKEN: DEFAULT_CREDENTIAL, GITHUB_REPO: 'someone/something' });
  const { stdout } = await example.succeed(example.commands().join(''), env);
  await expectStored(api, { source: 'github', stream: 'issues', key: ['id'] });
  const counts = new Map<string, number>();
  for (const { state, labels } of api.records('issues')) {
    if (state !== 'open') continue;
    for (const { name } of labels as { readonly name: string }[]) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  expect(counts.size).toBeGreaterThan(2);
  for (const [name, count] of counts)
    expect(stdout).toMatch(new RegExp(`${name} *\\| *${count} \\|`));
});

test('keyset copies all charges, then the new ones', async () => {
  const contract = stripe({ ...options, limit: null });
  const api = await apis.start(contract);
  const example = new Example('keyset', folder);
  const env = envFor(api, { PAYMENTS_TOKEN: DEFAULT_CREDENTIAL }, '/v1');
  const [first = '', later = ''] = example.commands();
  await example.succeed(first, env);
  const charges = { source: 'payments', stream: 'charges', key: ['id'] };
  await expectStored(api, charges);
  contract.streams.charges.grow(25);
  await example.succeed(later, env);
  await expectStored(api, charges);
  const { rows } = await database.pool.query<{ inserted: number }>(
    'SELECT sum(inserted)::int AS inserted FROM ingestion_pages GROUP BY run ORDER BY run',
  );
  expect(rows.map(({ inserted }) => inserted)).toEqual([250, 25]);
});

describe('schedule', () => {
  const orders = { source: 'orders', stream: 'orders', key: ['id'] };
  const start = async () => {
    await dropTables(database.pool, orders);
    const contract = ordersApi(options);
    const api = await apis.start(contract);
    const example = new Example('schedule', folder);
    return { contract, api, example, env: envFor(api, { ORDERS_TOKEN: DEFAULT_CREDENTIAL }) };
  };

  test('says when the first run is due, and asks nothing', async () => {
    const { api, example, env } = await start();
    const [dryRun = ''] = example.commands();
    const { stdout } = await example.succeed(dryRun, env);
    expect(stdout).toContain('Europe/Zurich');
    expect(api.requests).toEqual([]);
  });

  test('reads all, and then what has changed', async () => {
    const { contract, api, example, env } = await start();
    const args = ['ingest', '--source', example.file('orders.yaml'), '--every', '1s', '--json'];
    const child = folder.start(args, env);
    await child.untilLog('run_completed');
    await expectStored(api, orders);
    contract.streams.orders.grow(25);
    await expect
      .poll(() => storedKeys(database.pool, orders), { timeout: 60_000 })
      .toEqual(heldKeys(api, orders));
    child.signal('SIGTERM');
    // A run may have begun just before the signal.
    expect([0, 130]).toContain((await child.end()).code);
    const [firstAsked, ...laterAsked] = api.requests.filter(({ url }) => !url.includes('cursor='));
    expect(firstAsked?.url).not.toContain('updated_since');
    for (const { url } of laterAsked) expect(url).toContain('updated_since=');
    expect(api.refused).toBe(0);
  });

  test('its line of the crontab starts a run', async () => {
    const { api, example, env } = await start();
    const [line = ''] = example.read('crontab').match(/^[^#].*$/m) ?? [];
    const [, command = ''] = /^(?:\S+ ){5}(.*)$/.exec(line) ?? [];
    mkdirSync(example.file('orders'));
    copyFileSync(example.file('orders.yaml'), example.file('orders/orders.yaml'));
    const assigned = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(example.file('orders/environment'), assigned.join(''));
    await example.succeed(command, {});
    const results = example.read('orders/results.jsonl').trim().split('\n');
    expect(results.map((result) => JSON.parse(result).status)).toEqual(['complete']);
    await expectStored(api, orders);
  });
});

describe('typed-columns', () => {
  test('fills the table, sets aside what a constraint refuses, and sums up', async (context) => {
    needs(context, 'psql');
    const api = await apis.start(ordersApi(options));
    const example = new Example('typed-columns', folder);
    const env = envFor(api, { SHOP_TOKEN: DEFAULT_CREDENTIAL });
    const { stdout } = await example.succeed(example.commands().join(''), env);
    const good = api.records('orders').filter(({ total }) => Number(total) >= 0);
    const { rows } = await database.pool.query<JsonRecord>(
      `SELECT id::int, customer, trim(currency) AS currency, total::float8, is_gift, lines
       FROM analytics.orders ORDER BY id`,
    );
    expect(rows).toEqual(
      good.map(({ id, customer, currency, total, is_gift, lines }) => ({
        ...{ id, customer, currency, total, is_gift, lines },
      })),
    );
    for (const currency of ['CHF', 'EUR']) {
      const paid = good.filter((order) => order.currency === currency && order.paid_at !== null);
      const cents = paid.reduce((sum, { total }) => sum + Math.round(Number(total) * 100), 0);
      const revenue = (cents / 100).toFixed(2).replace('.', '\\.');
      expect(stdout).toMatch(
        new RegExp(`2024-01-01 *\\| ${currency} *\\| *${paid.length} *\\| *${revenue}`),
      );
    }
    expect(stdout).toContain('orders_total_check');
    expect(api.refused).toBe(0);
  });
});

interface FromNode {
  ingest(
    args: readonly string[],
    options: {
      readonly signal?: AbortSignal;
      readonly onEvent?: (event: Readonly<Record<string, unknown>>) => void;
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    },
  ): Promise<Readonly<Record<string, unknown>>>;
}

describe('from-node', () => {
  test('copies the items, and says how many', async () => {
    const api = await apis.start(pageNumberApi({ ...options, tells: 'total_pages' }));
    const example = new Example('from-node', folder);
    const env = envFor(api, { ITEMS_TOKEN: DEFAULT_CREDENTIAL });
    const { stdout } = await example.succeed(example.commands().join(''), env);
    expect(stdout.trim().split('\n').at(-1)).toBe('complete: run 1, 250 rows written');
    await expectStored(api, { source: 'items', stream: 'items', key: ['id'] });
  });

  test('pauses when it is aborted, and resumes with the next call', async () => {
    const api = await startGatedApi(4);
    apis.keep(api);
    const example = new Example('from-node', folder);
    const { ingest } = (await import(pathToFileURL(example.file('ingest.mjs')).href)) as FromNode;
    const source = example.file('gated.json');
    const file = JSON.stringify({
      client: {
        base_url: api.origin,
        paginator: { type: 'cursor', cursor_path: 'next', cursor_param: 'cursor' },
      },
      resources: [
        { name: 'items', primary_key: 'id', endpoint: { path: 'items', data_selector: 'data' } },
      ],
    });
    writeFileSync(source, file);
    const env = { DATABASE_URL: database.connectionString, LOG_LEVEL: 'debug' };
    const stop = new AbortController();
    api.permit(1);
    const paused = await ingest(['--source', source], {
      ...{ signal: stop.signal, env, cwd: example.path },
      onEvent({ event }) {
        if (event === 'page_committed') stop.abort();
        // The page that is in flight is finished.
        if (event === 'drain_started') api.permit(1);
      },
    });
    expect(paused).toMatchObject({ status: 'interrupted', exitCode: 130, inserted: 10 });
    api.permit(2);
    const resumed = await ingest(['--source', source], { env, cwd: example.path });
    expect(resumed).toMatchObject({
      status: 'complete',
      exitCode: 0,
      run: paused.run,
      inserted: 20,
    });
    const state = readFileSync(example.file('data/ingestion.state'), 'utf8');
    expect(JSON.parse(state)).toMatchObject({ status: 'complete' });
  });
});
