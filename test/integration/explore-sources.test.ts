/**
 * `datasync explore --source` against servers that follow the contracts of their APIs: what it finds is true
 * of them, it keeps to its budget and to their limits, and so does an ingestion right after it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Exploration, explorationForm } from '../../src/explore/schema.js';
import { useApis } from '../support/apis/use-apis.js';
import { useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { SHIPPED, type ShippedSource } from '../support/shipped.js';
import { dropTables, editSource, expectDrained, sourceEnv } from '../support/sources.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const apis = useApis();

const BUDGET = 12;
const SECRET = 'fixture-key';

/** By the name of the finding; what is left out is not looked at. */
type Truth = Readonly<Record<string, Exploration['findings'][number]['value']>>;

/** Of the sources whose limits are of a second, so that no window of a minute is waited for. */
const TRUTHS: Readonly<Record<string, Truth>> = {
  'github.issues': {
    'paging.kind': 'header_link: the header Link, rel next',
    'page.shape': 'records at $',
    'page.largest-size': 20,
    'page.cut-silently': true,
    'cursor.can-seek': false,
    // The file asks for them by their changes, and takes their creation for their time.
    order: 'not ordered by time',
    total: null,
    'limit.headers': 'X-RateLimit-*',
    'limit.quota': 20,
  },
  'stripe.charges': {
    'page.shape': 'records at $.data',
    'page.largest-size': 20,
    // Stripe refuses more than it grants.
    'page.cut-silently': false,
    'limit.headers': 'none',
    'limit.declared': '25 in 1 s',
  },
  'shopify.orders': {
    'page.shape': 'records at $.data.orders.nodes',
    'page.size': 20,
    'limit.headers': 'in words that the source file names',
    // 132 points, of which a query of 20 costs 22.
    'limit.quota': 6,
    'limit.window-kind': 'leaky bucket',
    order: 'oldest first',
  },
  'notion.pages': {
    'paging.kind': 'cursor: next_cursor, sent as start_cursor of the body',
    'page.shape': 'records at $.results',
    'page.size': 20,
    'limit.headers': 'none',
    'limit.declared': '20 in 1 s',
  },
  'salesforce.accounts': { 'page.size': 200, 'page.shape': 'records at $.records' },
  'example-offset.items': {
    'page.largest-size': 20,
    total: 430,
    'total.is-true': true,
    'cursor.can-seek': true,
    'order.continues': true,
    'limit.quota': 10,
    'limit.window': 1_000,
    'limit.window-kind': 'sliding',
  },
  'example-page-number.items': {
    'page.largest-size': 20,
    total: 430,
    'cursor.can-seek': true,
    'limit.quota': 20,
    'limit.window-kind': 'sliding',
  },
  'example-time-window.readings': {
    'cursor.can-seek': false,
    'limit.quota': 20,
    // It is the window that cuts its pages.
    'page.largest-size': null,
    // No two windows in a row hold records.
    'paging.leads-on': null,
  },
};

const nameOf = ({ source, stream }: ShippedSource): string => `${source}.${stream}`;
const explored = SHIPPED.filter((one) => nameOf(one) in TRUTHS);

function readExploration(one: ShippedSource): Exploration {
  const text = readFileSync(join(folder.path, `${nameOf(one)}.exploration.json`), 'utf8');
  expect(text).not.toContain(SECRET);
  return explorationForm.parse(JSON.parse(text));
}

test('a truth is told of every kind that is looked at', () => {
  expect(explored.map(nameOf).toSorted()).toEqual(Object.keys(TRUTHS).toSorted());
});

describe.each(explored)('$source $stream', (one) => {
  const chosen = ['--source', one.source, '--resource', one.stream];
  const truth = { 'paging.leads-on': true, ...TRUTHS[nameOf(one)] };

  beforeEach(async () => {
    await dropTables(database.pool, one);
    editSource(folder, one);
  });

  test('is explored truly within budget and limit, and ingested right after', async () => {
    const api = await apis.start(one.contract());
    const env = sourceEnv(one, api, database);
    const { code, stdout, stderr } = await folder.run(['explore', ...chosen], env);
    expect(code, stderr).toBe(0);
    const exploration = readExploration(one);
    const { findings, requests } = exploration;
    expect(exploration).toMatchObject({ source: one.source, stream: one.stream });
    const found = Object.keys(truth).map((name) => {
      return [name, findings.find((finding) => finding.name === name)?.value];
    });
    expect(Object.fromEntries(found)).toEqual(truth);
    const asked = api.requests.filter(({ isAuthorized }) => isAuthorized === true);
    expect(requests).toEqual({ atMost: { requests: BUDGET }, used: { requests: asked.length } });
    expect(asked.length).toBeLessThanOrEqual(BUDGET);
    expect(api.refused).toBe(0);
    const said = `${stdout}${stderr}`;
    expect(said).toContain(`At most ${BUDGET} requests of ${one.stream}`);
    expect(said.replaceAll('$.events', '')).not.toMatch(/\bevents\b|DataSync/);
    expect(said).not.toContain(SECRET);
    const exit = await folder.run(['ingest', ...chosen, '--json'], env);
    expect(exit.stderr).toContain(`starts from ${nameOf(one)}.exploration.json`);
    await expectDrained(api, one, { exit, folder, database });
  });
});
