/** What a project that is kept has at its top: held against the package, the code and each other. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REPOSITORY, readRepositoryFile } from '../support/repository.js';

const manifest = JSON.parse(readRepositoryFile('package.json')) as {
  readonly version: string;
  readonly license: string;
  readonly scripts: Readonly<Record<string, string>>;
};
const changelog = readRepositoryFile('CHANGELOG.md');
const contributing = readRepositoryFile('CONTRIBUTING.md');

test('LICENSE is the one that the package names', () => {
  expect(manifest.license).toBe('MIT');
  const [title, , copyright] = readRepositoryFile('LICENSE').split('\n');
  expect(title).toBe('MIT License');
  expect(copyright).toMatch(/^Copyright \(c\) \d{4} DataSync Ingestion contributors$/);
});

describe.each(['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md'])(
  '%s',
  (name) => {
    const text = readRepositoryFile(name);

    test('links to files that are there', () => {
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)];
      for (const [, link = ''] of links) {
        const path = posix.join(dirname(name), link);
        expect(existsSync(join(REPOSITORY, path)), link).toBe(true);
      }
    });
  },
);

describe('CONTRIBUTING.md', () => {
  test('names npm scripts that are there, and every one that tests', () => {
    const named = [...contributing.matchAll(/npm run ([\w:]*\w)/g)].map(
      ([, script = '']) => script,
    );
    for (const script of named) expect(manifest.scripts, script).toHaveProperty([script]);
    const testing = Object.keys(manifest.scripts).filter((script) => script.startsWith('test:'));
    expect(named).toEqual(expect.arrayContaining(['check', 'format', 'schema', ...testing]));
  });

  test('names files that are there', () => {
    const samples = ['sources/example.yaml', 'test/support/apis/example.ts'];
    const paths = [...contributing.matchAll(/`((?:src|test|docs|sources|examples)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !samples.includes(path));
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) expect(existsSync(join(REPOSITORY, path)), path).toBe(true);
  });

  test('names each project of the tests', () => {
    const config = readRepositoryFile('vitest.config.ts');
    const projects = [...config.matchAll(/^\s+compiled\('(\w+)'/gm)].map(([, name = '']) => name);
    expect(projects).toEqual(expect.arrayContaining(['unit', 'integration']));
    for (const project of projects) expect(contributing).toContain(`| \`${project}\` | `);
  });

  test('names each place that a paging kind touches', () => {
    const [, steps = ''] = /^## Add a paging kind\n([\s\S]*?)\n## /m.exec(contributing) ?? [];
    for (const place of placesOf('keyset')) expect(steps, place).toContain(place);
  });
});

/** Files of the program in which a kind of paging is named by its type. */
function placesOf(kind: string): string[] {
  const found = execFileSync('grep', ['-rlE', `('|\\b)${kind}'`, 'src'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  // Detection is several files beside the one that is named.
  return found
    .trim()
    .split('\n')
    .filter((path) => !path.includes('/detect-'));
}

describe('CHANGELOG.md', () => {
  const headings = [...changelog.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);

  test('has the unreleased part first, then versions with their dates, the newest first', () => {
    const [first, ...versions] = headings;
    expect(first).toBe('[Unreleased]');
    for (const heading of versions)
      expect(heading).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
    const dates = versions.map((heading) => heading.slice(-10));
    expect(dates).toEqual(dates.toSorted().reverse());
  });

  test('groups changes as Keep a Changelog does', () => {
    const groups = [...changelog.matchAll(/^### (.*)$/gm)].map(([, group = '']) => group);
    for (const group of groups) {
      expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']).toContain(group);
    }
  });
});

describe('a release', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'datasync-release-'));
    for (const name of FILES) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      copyFileSync(join(REPOSITORY, name), join(folder, name));
    }
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const kubernetes = ['kustomization.yaml', 'README.md'].map(
    (name) => `examples/kubernetes/${name}`,
  );
  const FILES = ['CHANGELOG.md', 'scripts/release.mjs', 'package.json', ...kubernetes];
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const release = (args: readonly string[], version = '') =>
    execFileSync(process.execPath, ['scripts/release.mjs', ...args], {
      cwd: folder,
      env: { ...process.env, npm_package_version: version },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  test('moves what is unreleased under its version, and tags the image of examples/kubernetes', () => {
    const [, unreleased = ''] = /\[Unreleased\]\n([\s\S]*?)\n## /.exec(changelog) ?? [];
    release([], '9.8.7');
    expect(text('CHANGELOG.md')).toMatch(
      /^## \[Unreleased\]\n\n## \[9\.8\.7\] - \d{4}-\d\d-\d\d\n\n/m,
    );
    expect(release(['notes', '9.8.7']).trim()).toBe(unreleased.trim());
    expect(text('CHANGELOG.md').replace(/## \[9\.8\.7\].*\n\n/, '')).toBe(changelog);
    expect(text('examples/kubernetes/kustomization.yaml')).toContain('newTag: "9.8.7"');
    expect(text('examples/kubernetes/README.md')).toContain('datasync-ingestion:9.8.7 ');
  });

  test('is refused where nothing is unreleased, and where the version is there', () => {
    expect(() => release([], '0.1.0')).toThrow('has a version 0.1.0 already');
    release([], '9.8.7');
    expect(() => release([], '9.8.8')).toThrow('nothing under Unreleased');
    expect(() => release(['notes', '9.8.8'])).toThrow('says nothing of 9.8.8');
  });

  test('is what npm version runs', () => {
    expect(manifest.scripts.version).toMatch(/^node scripts\/release\.mjs && git add /);
  });
});
