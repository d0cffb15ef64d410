/** Later runs of children: which of their parents they ask for, and for how much. */
import { describe, expect, test } from 'vitest';
import type { FamilyOptions } from '../support/family-api.js';
import { type FamilySource, useFamilyRuns } from '../support/family-runs.js';

const runs = useFamilyRuns();
const { database } = runs;

describe('a later run', () => {
  const grown = () => ({
    orgs: [{ name: 'one', seen: 1 }] as { name: string; seen: number }[],
    sizes: new Map([['one', 3]]),
  });
  const orgs = {
    ...{ name: 'orgs', primary_key: 'name', write_disposition: 'merge' },
    endpoint: { path: 'orgs', incremental: { cursor_path: 'seen' } },
  };
  const repos = {
    ...{ name: 'repos', primary_key: ['_orgs_name', 'id'], include_from_parent: ['name'] },
    ...{ write_disposition: 'merge', endpoint: 'orgs/{resources.orgs.name}/repos' },
  };
  const optionsOf = ({ orgs: list, sizes }: ReturnType<typeof grown>): FamilyOptions => ({
    ...{ orgs: list, reposOf: (org) => sizes.get(org) ?? 0, issuesOf: () => 0 },
  });
  const childrenAsked = ({ api }: FamilySource, from: number) =>
    api.requests
      .slice(from)
      .map(({ url }) => url)
      .filter((url) => url.includes('/repos'));

  test('of the parent is followed by one of its children: of all, or of those that have changed', async () => {
    for (const later of ['all', 'changed'] as const) {
      const all = grown();
      all.orgs.push({ name: 'two', seen: 1 });
      all.sizes.set('two', 2);
      const ingestion = { resources: { repos: { parents: later } } };
      const source = await runs.start([orgs, repos], optionsOf(all), ingestion);
      expect((await source.run(['ingest', '--json'])).code).toBe(0);
      const [asked, first] = [source.api.requests.length, all.orgs[0]];
      all.orgs.push({ name: 'three', seen: 2 });
      all.sizes.set('three', 1);
      all.sizes.set('one', 4);
      if (first !== undefined) first.seen = 2;
      const exit = await source.run(['ingest', '--json']);
      expect(exit.code, exit.stdout + exit.stderr.slice(-2_000)).toBe(0);
      const paths = childrenAsked(source, asked).map((url) => url.replace(/\?.*$/, ''));
      const expected = later === 'all' ? ['one', 'three', 'two'] : ['one', 'three'];
      expect([...new Set(paths)].toSorted()).toEqual(expected.map((org) => `/orgs/${org}/repos`));
      expect(await runs.dataOf(source.name, 'repos')).toHaveLength(7);
      expect((await source.run(['verify', '--json'])).code).toBe(0);
    }
  });

  test('that reads what is new reads all of it where a parent is new', async () => {
    const all = grown();
    const byId = { cursor_path: 'id', start_param: 'since' };
    const endpoint = { path: repos.endpoint, incremental: byId };
    const source = await runs.start([orgs, { ...repos, endpoint }], optionsOf(all));
    expect((await source.run(['ingest', '--json'])).code).toBe(0);
    const asked = source.api.requests.length;
    expect((await source.run(['ingest', '--json'])).code).toBe(0);
    expect(childrenAsked(source, asked).every((url) => url.includes('since=3'))).toBe(true);
    all.orgs.push({ name: 'two', seen: 2 });
    all.sizes.set('two', 2);
    const askedBefore = source.api.requests.length;
    expect((await source.run(['ingest', '--json'])).code).toBe(0);
    const urls = childrenAsked(source, askedBefore);
    expect(urls.length).toBeGreaterThan(1);
    expect(urls.some((url) => url.includes('since='))).toBe(false);
    expect(await runs.dataOf(source.name, 'repos')).toHaveLength(5);

    // A range is not all that a new parent has.
    all.orgs.push({ name: 'three', seen: 3 });
    all.sizes.set('three', 4);
    expect((await source.run(['ingest', '--resource', 'orgs', '--json'])).code).toBe(0);
    const range = ['ingest', '--resource', 'repos', '--since', '3', '--json'];
    expect((await source.run(range)).code).toBe(0);
    const askedBehind = source.api.requests.length;
    expect((await source.run(['ingest', '--json'])).code).toBe(0);
    const again = childrenAsked(source, askedBehind);
    expect(again.filter((url) => url.includes('since='))).toEqual([]);
    expect(again.some((url) => url.startsWith('/orgs/three/'))).toBe(true);
    expect(await runs.dataOf(source.name, 'repos')).toHaveLength(9);
    expect((await source.run(['verify', '--json'])).code).toBe(0);
  });

  test('asks for the children of a parent that came out of quarantine', async () => {
    const all = grown();
    all.orgs.push({ name: 'two', seen: 10 });
    all.sizes.set('two', 2);
    const small = { ...orgs, columns: { seen: { data_type: 'bigint' } } };
    const ingestion = { resources: { repos: { parents: 'changed' } } };
    const source = await runs.start([small, repos], optionsOf(all), ingestion);
    const { pool } = database;
    await pool.query(`CREATE SCHEMA ${source.name}`);
    await pool.query(
      `CREATE TABLE ${source.name}.orgs (name text PRIMARY KEY, occurred_at timestamptz, data jsonb,
        seen bigint CONSTRAINT small CHECK (seen < 10))`,
    );
    const first = await source.run(['ingest', '--quarantine-limit', '0.9', '--json']);
    expect(first.code, first.stdout + first.stderr.slice(-2_000)).toBe(0);
    expect(await runs.dataOf(source.name, 'repos')).toHaveLength(3);
    await pool.query(`ALTER TABLE ${source.name}.orgs DROP CONSTRAINT small`);
    expect((await source.run(['quarantine', 'retry', '--json'])).code).toBe(0);
    // The run that could not have asked for them is no worse for that.
    expect((await source.run(['verify', '--json'])).code).toBe(0);
    const asked = source.api.requests.length;
    const next = await source.run(['ingest', '--resource', 'repos', '--json']);
    expect(next.result).toMatchObject({ inserted: 2 });
    expect(childrenAsked(source, asked).every((url) => url.startsWith('/orgs/two/'))).toBe(true);
    expect((await source.run(['verify', '--json'])).code).toBe(0);
    const nothing = await source.run(['ingest', '--resource', 'repos', '--json']);
    expect(nothing.result).toMatchObject({ alreadyComplete: true });
  });
});
