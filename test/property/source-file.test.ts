// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadSource } from '../../src/source/file/load-source.js';
import { readText } from '../../src/source/file/read-text.js';

const FROM = { name: 'a' };
const NAMES = [
  ...[
    'client',
    'resources',
    'resource_defaults',
    'x-ingestion',
    'base_url',
    'auth',
    'type',
    'name',
  ],
  ...[
    'endpoint',
    'paginator',
    'params',
    'json',
    'path',
    'columns',
    'incremental',
    'limits',
    'quota',
  ],
  ...[
    'window',
    'primary_key',
    'selected',
    'cursor_path',
    'limit',
    'headers',
    '__proto__',
    '<<',
    '',
  ],
];
const WORDS = [
  ...[
    'https://a.b',
    'cursor',
    'offset',
    'time_window',
    'keyset',
    'oauth2',
    'api_key',
    'merge',
    'now',
  ],
  ...['incremental', 'resolve', '{resources.a.b}', '{incremental.start_value}', '{x', '1s', '${X}'],
];

/** Throws nothing, and says in either case what it has to say at a place in the file. */
function expectAnswer(text: string): void {
  const loaded = loadSource(text, FROM);
  const notes = [...loaded.warnings, ...(loaded.type === 'faulty' ? loaded.faults : [])];
  if (loaded.type === 'faulty') expect(loaded.faults.length).toBeGreaterThan(0);
  const lines = text.split(/\r\n|\r|\n/).length;
  for (const { line, column, message } of notes) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(message).not.toBe('');
  }
}

const leaf = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), tie('tree'), { maxKeys: 6 }),
  ),
}));
const plausible = fc.record(
  {
    client: fc.record(
      { base_url: fc.constant('https://a.b'), auth: tree, paginator: tree },
      { requiredKeys: ['base_url'] },
    ),
    resource_defaults: tree,
    resources: fc.array(
      fc.record({ name: fc.string(), endpoint: tree, columns: tree }, { requiredKeys: ['name'] }),
    ),
    'x-ingestion': tree,
  },
  { requiredKeys: ['client', 'resources'] },
);

test('any text is answered', () => {
  const indented = fc.array(
    fc.constantFrom('a:', ' b:', '- ', '*a', '&a', '{', '[', '"', '!x', '<<: ', '\n', '\t'),
  );
  const text = fc.oneof(
    fc.string(),
    indented.map((parts) => parts.join('')),
  );
  fc.assert(fc.property(text, expectAnswer), { numRuns: 2000 });
});

test('any JSON is answered', () => {
  fc.assert(
    fc.property(fc.oneof(tree, plausible), (value) => expectAnswer(JSON.stringify(value))),
    { numRuns: 1000 },
  );
});

test('any YAML is answered', () => {
  fc.assert(
    fc.property(fc.oneof(tree, plausible), (value) => expectAnswer(stringify(value))),
    { numRuns: 1000 },
  );
});

test('JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      const read = readText(text);
      // Zero has one form in JSON text; a name that is twice in a block is refused.
      expect(read).toMatchObject({ type: 'read', value: JSON.parse(text) });
    }),
    { numRuns: 500 },
  );
});
