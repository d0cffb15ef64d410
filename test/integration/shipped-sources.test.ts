/** The source files that come with the program, each against a server that follows its API's contract. */
import { describe, test } from 'vitest';
import type { ApiContract } from '../support/apis/contract.js';
import { github } from '../support/apis/github.js';
import { useApis } from '../support/apis/use-apis.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { expectDrained, type SourceCase, sourceEnv } from '../support/sources.js';

const database = usePostgres();
const folder = useIngestFolder();
const apis = useApis();

const KEY = 'fixture-key';
const COUNT = 430;
/** So many that a run takes a while, and the limit is at work. */
const limit = { quota: 20, windowMs: 1_000 };
const pages = { count: COUNT, pageSizeMax: 20, latencyMs: 20, limit };

interface Shipped extends SourceCase {
  readonly contract: () => ApiContract<string>;
}

const SHIPPED: readonly Shipped[] = [
  {
    ...{ source: 'github', stream: 'issues', key: ['id'] },
    env: { GITHUB_TOKEN: KEY, GITHUB_REPO: 'someone/something' },
    contract: () => github(pages),
  },
];

describe.each(SHIPPED)('$source.$stream', (one) => {
  test('is drained exactly, and no request is refused', async () => {
    const api = await apis.start(one.contract());
    const env = sourceEnv(one, api, database);
    const exit = await folder.run(
      ['ingest', '--source', one.source, '--stream', one.stream, '--json'],
      env,
    );
    await expectDrained(api, one, { exit, folder, database });
  });
});
