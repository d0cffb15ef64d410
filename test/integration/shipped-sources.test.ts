/** The source files that come with the program, each against a server that follows its API's contract. */
import { describe, expect, test } from 'vitest';
import type { ApiContract } from '../support/apis/contract.js';
import { github } from '../support/apis/github.js';
import { gitlab } from '../support/apis/gitlab.js';
import { hubspot } from '../support/apis/hubspot.js';
import { notion } from '../support/apis/notion.js';
import { OAUTH_CLIENT, OAUTH_PATH, oauth } from '../support/apis/oauth.js';
import { salesforce } from '../support/apis/salesforce.js';
import { shopify } from '../support/apis/shopify.js';
import { slack } from '../support/apis/slack.js';
import { stripe } from '../support/apis/stripe.js';
import { useApis } from '../support/apis/use-apis.js';
import { zendesk } from '../support/apis/zendesk.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { expectDrained, type SourceCase, sourceEnv, storedKeys } from '../support/sources.js';

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
