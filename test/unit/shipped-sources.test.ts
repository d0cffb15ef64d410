import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secretReferences } from '../../src/source/file/secrets.js';
import { REPOSITORY, readRepositoryFile } from '../support/repository.js';
import { faultTexts, planOf, warningTexts } from '../support/source-files.js';

const files = readdirSync(join(REPOSITORY, 'sources'))
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({
    name: name.replace('.yaml', ''),
    text: readRepositoryFile(join('sources', name)),
  }));

test('the promised files are there', () => {
  expect(files.map(({ name }) => name)).toEqual([
    ...['datasync', 'example-offset', 'example-page-number', 'example-time-window', 'github'],
    ...['gitlab', 'hubspot', 'notion', 'salesforce', 'shopify', 'slack', 'stripe', 'zendesk'],
  ]);
});

describe.each(files)('$name', ({ name, text }) => {
  test('loads without faults and without warnings', () => {
    expect(faultTexts(text, name)).toEqual([]);
    expect(warningTexts(text, name)).toEqual([]);
  });

  test('declares limits, and of each stream its key and its time', () => {
    const plan = planOf(text, name);
    const { limits, limitHeaders, costs } = plan;
    expect(limits.length + limitHeaders.length + costs.length).toBeGreaterThan(0);
    for (const stream of plan.streams) {
      expect(stream.primaryKey, stream.name).not.toEqual([]);
      expect(stream.timePath, stream.name).not.toBeNull();
    }
  });

  test('says in its comments which variables to set', () => {
    const comments = text
      .split('\n')
      .filter((line) => line.startsWith('#'))
      .join('\n');
    for (const reference of secretReferences(planOf(text, name))) {
      expect(comments).toContain(reference.kind === 'variable' ? reference.name : reference.path);
    }
  });
});

test('the query of Shopify is sent as it is written', () => {
  const shopify = files.find(({ name }) => name === 'shopify');
  const [orders] = planOf(shopify?.text ?? '', 'shopify').streams;
  expect(JSON.stringify(orders?.json)).toContain('pageInfo { hasNextPage endCursor }');
});

test('the last page of Zendesk is told by its flag', () => {
  const zendesk = files.find(({ name }) => name === 'zendesk');
  const [tickets] = planOf(zendesk?.text ?? '', 'zendesk').streams;
  expect(tickets?.donePath).toBe('end_of_stream');
});
