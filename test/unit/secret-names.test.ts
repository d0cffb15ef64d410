/** What tells a secret from other texts: its name, or what it looks like. */
import { expect, test } from 'vitest';
import { isSecretName } from '../../src/source/file/secret-names.js';

test.each([
  ['Authorization', true],
  ['X-API-Key', true],
  ['private-token', true],
  ['client_secret', true],
  ['key', true],
  ['author', false],
  ['page_token', false],
  ['nextToken', false],
  ['max_tokens', false],
  ['sort', false],
])('%s is the name of a secret: %s', (name, expected) => {
  expect(isSecretName(name)).toBe(expected);
});
