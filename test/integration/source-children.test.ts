/** Children of a stream's rows, and of lists in the file: each asked for once, whatever ends the process. */
import { describe, expect, test } from 'vitest';
import type { FamilyOptions } from '../support/family-api.js';
import { type FamilySource, useFamilyRuns } from '../support/family-runs.js';
import { untilDisconnected } from '../support/ingest-check.js';
import { breaking } from '../support/ingest-process.js';

const runs = useFamilyRuns();
const { database } = runs;

const FAMILY: FamilyOptions = {
  orgs: ['a/b org', 'one', 'two', 'none', 'ü?&'].map((name) => ({ name, size: name.length })),
  reposOf: (org) => (org === 'none' ? 0 : org === 'one' ? 11 : 4),
  issuesOf: (_, repo) => [0, 1, 2, 9, 7][repo % 5] ?? 0,
};

const ORGS = { name: 'orgs', primary_key: 'name', endpoint: 'orgs' };
const REPOS = {
  ...{ name: 'repos', primary_key: ['_orgs_name', 'id'], include_from_parent: ['name', 'size'] },
  endpoint: 'orgs/{resources.orgs.name}/repos',
};
const ISSUES = {
  name: 'issues',
  primary_key: ['_repos__orgs_name', '_repos_id', 'n'],
  include_from_parent: ['id', '_orgs_name'],
  endpoint: {
    path: 'orgs/{org}/repos/{repo}/issues',
    params: {
      org: { type: 'resolve', resource: 'repos', field: '_orgs_name' },
      repo: { type: 'resolve', resource: 'repos', field: 'id' },
    },
  },
};

const ORG_NAMES = FAMILY.orgs.map((org) => (org as { name: string }).name);
const allRepos = () =>
  ORG_NAMES.flatMap((org) =>
    Array.from({ length: FAMILY.reposOf(org) }, (_, index) => ({ org, id: index + 1 })),
  );
const expectedRepos = () =>
  allRepos().map(({ org, id }) => {
    return { id, name: `${org}-${id}`, _orgs_name: org, _orgs_size: org.length };
  });
const expectedIssues = () =>
  allRepos().flatMap(({ org, id }) =>
    Array.from({ length: FAMILY.issuesOf(org, id) }, (_, index) => {
      const n = index + 1;
      return { n, title: `${org} ${id} ${n}`, _repos_id: id, _repos__orgs_name: org };
    }),
  );

/** Paths of children whose last page is committed. */
async function finishedPaths(name: string): Promise<string[]> {
  const found = await database.pool.query<{ parent: Record<string, string | number> }>(
    `SELECT s.parent FROM ingestion_segments s JOIN ingestion_pages p USING (run, segment)
      JOIN ingestion_runs r USING (run)
     WHERE r.source = $1 AND r.stream = 'issues' AND NOT p.has_more`,
    [name],
  );
  return found.rows.map(({ parent }) => {
    const org = encodeURIComponent(String(parent._orgs_name));
    return `/orgs/${org}/repos/${parent.id}/issues`;
  });
}

describe('two levels of children', () => {
  test('are complete, with values of their parents, and no finished child is asked for again', async () => {
    // In the file a child may stand before its parent.
    const source = await runs.start([ISSUES, REPOS, ORGS], FAMILY);
    const { name, api } = source;
    for (const commits of [26, 7, 6]) {
      const killed = await source.run(['ingest'], breaking(`kill=in:committed:${commits}`));
      expect(killed.signal, killed.stderr.slice(-2_000)).toBe('SIGKILL');
      await untilDisconnected(database.pool);
    }
    const finished = await finishedPaths(name);
    expect(finished.length).toBeGreaterThan(3);
    const asked = api.requests.length;
    const exit = await source.run(['ingest', '--json']);
    expect(exit.code, exit.stdout + exit.stderr.slice(-3_000)).toBe(0);
    const again = api.requests.slice(asked).map(({ url }) => url.replace(/\?.*$/, ''));
    expect(again.filter((path) => finished.includes(path))).toEqual([]);
    expect(again.length).toBeGreaterThan(3);
    expect(await runs.dataOf(name, 'repos')).toEqual(await runs.held(expectedRepos()));
    expect(await runs.dataOf(name, 'issues')).toEqual(await runs.held(expectedIssues()));
    const verified = await source.run(['verify', '--json']);
    expect(verified.code, verified.stdout).toBe(0);
    const statuses = await runs.rows(
      `SELECT DISTINCT status AS text FROM ingestion_segments WHERE parent IS NOT NULL`,
    );
    expect(statuses).toEqual(['ended']);

    // A look at a child asks its parents first.
    const preview = await source.run(['preview', '--resource', 'issues', '--limit', '2']);
    expect(preview.code, preview.stderr).toBe(0);
    expect(preview.stdout).toContain('"_repos__orgs_name":"a/b org"');
    const status = await source.run(['status', '--json']);
    expect(JSON.stringify(status.result)).toContain('"children":{"known":23,"done":23}');

    // What is missing is named, and the run that lacks it is no proof.
    await database.pool.query(
      `WITH one AS (
        DELETE FROM ingestion_pages WHERE id IN (
          SELECT id FROM ingestion_pages JOIN ingestion_runs USING (run)
          WHERE source = $1 AND stream = 'issues' AND returned = 0 LIMIT 1) RETURNING run, segment)
       SELECT * FROM one`,
      [name],
    );
    const lacking = await source.run(['verify', '--resource', 'issues', '--json']);
    expect(lacking.code).toBe(1);
    expect(lacking.stdout).toContain('no page is of the child with');
    const repaired = await source.run(['verify', '--resource', 'issues', '--repair', '--json']);
    expect(repaired.code, repaired.stdout + repaired.stderr.slice(-2_000)).toBe(0);
  });
});

describe('a later run', () => {
  const grown = () => ({
    orgs: [{ name: 'one', seen: 1 }] as { name: string; seen: number }[],
    sizes: new Map([['one', 3]]),
  });
  const orgs = {
    ...{ name: 'orgs', primary_key: 'name', write_disposition: 'merge' },
    endpoint: { path: 'orgs', incremental: { cursor_path: 'seen' } },
  };
  const repos = { ...REPOS, write_disposition: 'merge', include_from_parent: ['name'] };
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
    const endpoint = { path: REPOS.endpoint, incremental: byId };
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

describe('a list in the file', () => {
  const repos = {
    ...REPOS,
    include_from_parent: ['name'],
    endpoint: 'orgs/{resources.names.name}/repos',
    primary_key: ['_names_name', 'id'],
  };

  test('takes the place of a parent, and of one that is missing the run says how to pass over it', async () => {
    const values = [{ name: 'two' }, { name: 'a/b org' }, { name: 'gone' }];
    const ingestion = { resources: { names: { values } } };
    const statuses = { '/orgs/gone/repos': 404 };
    const missing = await runs.start(['names', repos], { ...FAMILY, statuses }, ingestion);
    const failed = await missing.run(['ingest', '--json']);
    expect(failed.code).toBe(1);
    expect(failed.result?.message).toContain('of names name=gone');
    expect(failed.result?.message).toContain('{ status_code: 404, action: ignore }');

    const path = 'orgs/{resources.names.name}/repos';
    const actions = [{ status_code: 404, action: 'ignore' }];
    const ignoring = { ...repos, endpoint: { path, response_actions: actions } };
    const source = await runs.start(['names', ignoring], { ...FAMILY, statuses }, ingestion);
    const exit = await source.run(['ingest', '--json']);
    expect(exit.code, exit.stderr.slice(-2_000)).toBe(0);
    const expected = [1, 2, 3, 4].flatMap((id) =>
      ['two', 'a/b org'].map((org) => ({ id, name: `${org}-${id}`, _names_name: org })),
    );
    expect(await runs.dataOf(source.name, 'repos')).toEqual(await runs.held(expected));
    expect((await source.run(['verify', '--json'])).code).toBe(0);
    expect((await source.run(['ingest', '--json'])).result).toMatchObject({
      alreadyComplete: true,
    });
  });
});

test('records without a key come once, whatever ends the process', async () => {
  const values = ['two', 'one', 'a/b org', 'ü?&'].map((name) => ({ name }));
  const endpoint = 'orgs/{resources.names.name}/repos';
  const repos = { name: 'repos', include_from_parent: ['name'], endpoint };
  const source = await runs.start(['names', repos], FAMILY, { resources: { names: { values } } });
  for (const commits of [3, 4]) {
    const killed = await source.run(['ingest'], breaking(`kill=in:committed:${commits}`));
    expect(killed.signal, killed.stderr.slice(-2_000)).toBe('SIGKILL');
    await untilDisconnected(database.pool);
  }
  const exit = await source.run(['ingest', '--json']);
  expect(exit.code, exit.stderr.slice(-2_000)).toBe(0);
  const expected = values.flatMap(({ name }) =>
    Array.from({ length: FAMILY.reposOf(name) }, (_, index) => {
      return { id: index + 1, name: `${name}-${index + 1}`, _names_name: name };
    }),
  );
  expect(await runs.dataOf(source.name, 'repos')).toEqual(await runs.held(expected));
  expect((await source.run(['verify', '--json'])).code).toBe(0);
});

describe('a parent', () => {
  test('has to be complete before its children; rows that lack a value are counted', async () => {
    const orgs = [{ name: 'two', code: 'two' }, { name: 'one' }, { name: 'x', code: { a: 1 } }];
    const repos = {
      name: 'repos',
      primary_key: 'name',
      endpoint: 'orgs/{resources.orgs.code}/repos',
    };
    const source = await runs.start([ORGS, repos], { ...FAMILY, orgs });
    const early = await source.run(['ingest', '--resource', 'repos', '--json']);
    expect(early.code).toBe(2);
    expect(early.stdout + early.stderr).toContain('--resource orgs');
    const deleting = ['ingest', '--full', '--delete-missing', '--resource', 'repos', '--json'];
    expect((await source.run(deleting)).code).toBe(2);
    expect(source.api.requests).toHaveLength(0);

    const exit = await source.run(['ingest', '--json']);
    expect(exit.code, exit.stderr.slice(-2_000)).toBe(0);
    expect(JSON.stringify(exit.result)).toContain(
      '2 rows of orgs lack a value for code that can be asked with (one is one)',
    );
    expect(await runs.dataOf(source.name, 'repos')).toHaveLength(4);
    expect((await source.run(['verify', '--json'])).code).toBe(0);
  });
});
