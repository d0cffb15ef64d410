/** Pages in Markdown: links lead somewhere, the README stays short, and every page is in the index. */
import { existsSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REPOSITORY, readRepositoryFile } from '../support/repository.js';
import * as pages from './pages.js';

const README_WORDS_MAX = 1_200;
/** Folders with pages that are written by hand. */
const FOLDERS = ['docs', 'examples', 'bench', 'sources', '.github'];

const exists = (path: string): boolean => existsSync(join(REPOSITORY, path));
const found = findPages();

test('the pages are found', () => {
  const paths = found.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'docs/README.md', 'docs/api.md']));
});

test('every relative link leads to a file, and to a heading of it', () => {
  expect(pages.brokenLinks(found, exists)).toEqual([]);
});

test('README.md has fewer than 1,200 words', () => {
  expect(pages.wordCount(readRepositoryFile('README.md'))).toBeLessThan(README_WORDS_MAX);
});

test('docs/README.md names every page of docs', () => {
  const index = readRepositoryFile('docs/README.md');
  const names = readdirSync(join(REPOSITORY, 'docs'))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .filter((name) => !index.includes(`](${name})`));
  expect(names).toEqual([]);
});

describe('a broken link is found', () => {
  const page = { path: 'docs/a.md', text: '# One thing\n\n## `A` & b: c\n' };
  const broken = (text: string): readonly string[] =>
    pages.brokenLinks([page, { path: 'docs/b.md', text }], (path) => path === 'docs/a.md');

  test.each(['[x](c.md)', '[x](../a.md)', '[x](a.md#two)', 'two [x](a.md), [y](c.md#z)'])(
    'in %s',
    (text) => {
      expect(broken(text)).toHaveLength(1);
    },
  );

  test.each([
    '[x](a.md)',
    '[x](a.md#one-thing)',
    '[x](../docs/a.md#a--b-c)',
    '[x](https://example.com/c.md)',
    '`[x](c.md)`',
    '```js\n[x](c.md)\n```',
  ])('but not in %s', (text) => {
    expect(broken(text)).toEqual([]);
  });
});

function findPages(): readonly pages.Page[] {
  const inFolders = FOLDERS.filter(exists).flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  );
  // What `explore` writes at the root is no page of ours.
  const atRoot = readdirSync(REPOSITORY).filter((name) => !name.includes('exploration'));
  return [...atRoot, ...inFolders]
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.split(sep).join('/'))
    .map((path) => ({ path, text: readRepositoryFile(path) }));
}
