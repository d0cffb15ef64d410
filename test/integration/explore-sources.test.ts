/**
 * `datasync explore --source` against servers that follow the contracts of their APIs: what it finds is true
 * of them, it keeps to its budget and to their limits, and so does an ingestion right after it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Exploration, explorationForm } from '../../src/explore/schema.js';
import { useApis } from '../support/apis/use-apis.js';
import { useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { SHIPPED, type ShippedSource } from '../support/shipped.js';
import { dropTables, editSource, expectDrained, sourceEnv } from '../support/sources.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const apis = useApis();

test.each(SHIPPED)(
  'try $source',
  async (one) => {
    await dropTables(database.pool, one);
    editSource(folder, one);
    const api = await apis.start(one.contract());
    const env = sourceEnv(one, api, database);
    const args = ['explore', '--source', one.source, '--resource', one.stream];
    const exit = await folder.run(args, env);
    console.log(exit.stdout, exit.stderr, api.refused, api.requests.length);
  },
  60000,
);
