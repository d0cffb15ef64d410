/** docs/configuration.md says of each setting what the code says. */
import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/config/setting-text.js';
import { SETTING_GROUPS, SETTING_NAMES, settings } from '../../src/config/settings.js';
import { withSettings } from '../../src/config/settings-page.js';
import { readRepositoryFile } from '../support/repository.js';

const page = readRepositoryFile('docs/configuration.md');

/** The cells of the row of one setting. */
function rowOf(name: string): readonly string[] {
  const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
  return row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
}

test('the page is current; `npm run settings` writes its tables anew', () => {
  expect(withSettings(page)).toBe(page);
});

test('every setting is in one group and has a text that ends as a sentence', () => {
  const grouped = SETTING_GROUPS.flatMap((group) => Object.keys(group.settings));
  expect(grouped.toSorted()).toEqual([...SETTING_NAMES].toSorted());
  for (const [name, schema] of Object.entries(settings.shape)) {
    expect(textOf(schema).meaning, name).toMatch(/^[A-Z`].*\.$/);
  }
});

describe('a row', () => {
  test.each([
    ['WORKER_CONCURRENCY', '`--concurrency`', 'a whole number from 1 to 1000', '`10`'],
    ['SCHEDULE_EVERY', '`--every`', expect.stringContaining('such as 90s'), 'one run'],
    ['SOURCE', '`--source`', 'a name or a file', '`datasync`'],
    ['HTTP_ALLOWED_HOSTS', '', expect.stringContaining('names of hosts'), 'none'],
  ])('of %s has its flag, what it takes, and its default', (name, flag, takes, preset) => {
    expect(rowOf(name).slice(1, 4)).toEqual([flag, takes, preset]);
  });
});

test('a page that has lost its marks is refused', () => {
  expect(() => withSettings('# Configuration\n')).toThrow(/has lost/);
});
