/** The schema that editors check source files by is kept beside the shipped ones. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SCHEMA_COMMENT, SCHEMA_FILE } from '../../src/source/file/schema-file.js';
import { sourceSchemaText } from '../../src/source/file/source-shape.js';
import { REPOSITORY, readRepositoryFile } from '../support/repository.js';

test('the schema is current; `npm run schema` writes it anew', () => {
  expect(readRepositoryFile(join('sources', SCHEMA_FILE))).toBe(sourceSchemaText());
});

test('every shipped file leads editors to it', () => {
  const files = readdirSync(join(REPOSITORY, 'sources')).filter((name) => name.endsWith('.yaml'));
  expect(files.length).toBeGreaterThan(9);
  for (const name of files) {
    const [first] = readRepositoryFile(join('sources', name)).split('\n');
    expect(first, name).toBe(SCHEMA_COMMENT);
  }
});
