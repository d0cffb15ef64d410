/** Children of a stream's rows, and of lists in the file: each asked for once, whatever ends the process. */
import { describe, expect, test } from 'vitest';
import type { FamilyOptions } from '../support/family-api.js';
import { useFamilyRuns } from '../support/family-runs.js';
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
  // One page at once: else all may be committed before the process hears of so many.
  const slowly = ['ingest', '--concurrency', '1'];
  for (const commits of [3, 4]) {
    const killed = await source.run(slowly, breaking(`kill=in:committed:${commits}`));
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
