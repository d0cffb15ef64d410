/** docs/logs.md and the code say the same events, with the same levels. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.js';
import { withoutComments } from '../tidy/source-text.js';

const source = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => withoutComments(readFileSync(join(REPOSITORY, 'src', path), 'utf8')))
  .join('\n');

const NAME = /'([a-z]+(?:_[a-z]+)+)'/g;
const LEVELS = '(trace|debug|info|warn|error)';

function namesIn(text: string): string[] {
  return [...text.matchAll(NAME)].map((match) => match[1] ?? '');
}

/** Levels by event, from the first two columns of the page's table. */
const listed = new Map(
  [
    ...readFileSync(join(REPOSITORY, 'docs/logs.md'), 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \|/gm),
  ].map((match) => [match[1] ?? '', match[2] ?? '']),
);

test('the page lists every event of the code, and no other', () => {
  const said = [...source.matchAll(/\bevent: ([^,}\n]+)/g)].flatMap((match) =>
    namesIn(match[1] ?? ''),
  );
  expect([...listed.keys()].sort()).toEqual([...new Set(said)].sort());
  expect(said).toContain('page_committed');
});

test('the page gives each event the level that it has in the code', () => {
  const calls = source.matchAll(new RegExp(`\\.${LEVELS}\\(\\s*\\{\\s*event: ([^,}]+)`, 'g'));
  const levels = [...calls].flatMap(([, level, names]) =>
    namesIn(names ?? '').map((name) => [name, level] as const),
  );
  expect(levels.length).toBeGreaterThan(20);
  for (const [name, level] of levels) expect([name, listed.get(name)]).toEqual([name, level]);
});

test('every record names its event', () => {
  const calls = [
    ...source.matchAll(new RegExp(`\\w*[lL]og\\.${LEVELS}\\(\\s*(\\{\\s*event\\b)?`, 'g')),
  ];
  expect(calls.length).toBeGreaterThan(20);
  expect(calls.filter((match) => match[2] === undefined).map(([text]) => text)).toEqual([]);
});
