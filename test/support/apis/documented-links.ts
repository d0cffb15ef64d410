/** The well-known APIs that answer with the address of the next page. */
import { expect } from 'vitest';
import { bearer, COUNT, type DocumentedPaging, SECONDS, SIZE } from './documented-paging.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { nextLink, recordsAt, textAt, valueAt } from './page-by-fetch.js';
import { salesforce } from './salesforce.js';
import { ZENDESK_USER, zendesk } from './zendesk.js';

const EPOCH_SECONDS = expect.stringMatching(/^\d{10}$/);

export const DOCUMENTED_LINKS: Readonly<Record<string, DocumentedPaging>> = {
  'github issues': {
    contract: github,
    stream: 'issues',
    request: (origin, key, at) => ({
      url: at ?? `${origin}/repos/o/r/issues?state=all&per_page=${SIZE}`,
      init: bearer(key),
    }),
    records: recordsAt(),
    next: nextLink,
    refusal: {
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-used': '3' },
      body: expect.objectContaining({ message: expect.stringContaining('API rate limit') }),
    },
    announced: { 'x-ratelimit-reset': EPOCH_SECONDS, 'x-ratelimit-resource': 'core' },
    wrongKey: { status: 401, body: expect.objectContaining({ message: 'Bad credentials' }) },
  },
  'github commits': {
    contract: github,
    stream: 'commits',
    request: (origin, key, at) => ({
      url: at ?? `${origin}/repos/o/r/commits?per_page=${SIZE}`,
      init: bearer(key),
    }),
    records: recordsAt(),
    next: nextLink,
    refusal: { status: 403, headers: { 'x-ratelimit-limit': '3' }, body: expect.anything() },
    announced: { 'x-ratelimit-remaining': '0' },
    wrongKey: { status: 401, body: expect.anything() },
  },
  zendesk: {
    contract: zendesk,
    stream: 'tickets',
    request: (origin, key, at) => ({
      url: at ?? `${origin}/api/v2/incremental/tickets/cursor.json?start_time=0&per_page=${SIZE}`,
      init: { headers: { Authorization: `Basic ${btoa(`${ZENDESK_USER}:${key}`)}` } },
    }),
    records: recordsAt('tickets'),
    next: (page) =>
      valueAt(page.body, 'end_of_stream') === false ? textAt(page, 'after_url') : null,
    refusal: {
      status: 429,
      headers: { 'retry-after': SECONDS },
      body: expect.objectContaining({ error: 'APIRateLimitExceeded' }),
    },
    announced: {
      'x-rate-limit': '700',
      'x-rate-limit-remaining': '697',
      'zendesk-ratelimit-incremental-exports': expect.stringMatching(
        /^total=3; remaining=0; resets=\d+$/,
      ),
    },
    wrongKey: { status: 401, body: { error: "Couldn't authenticate you" } },
  },
  salesforce: {
    // No client can ask for batches below 200.
    contract: (options) => salesforce({ ...options, pageSizeMax: SIZE }),
    stream: 'accounts',
    request: (origin, key, at) => ({
      url: origin + (at ?? '/services/data/v62.0/query?q=SELECT+Id,Name+FROM+Account'),
      init: bearer(key),
    }),
    records: recordsAt('records'),
    next: (page) => (valueAt(page.body, 'done') === true ? null : textAt(page, 'nextRecordsUrl')),
    refusal: {
      status: 403,
      headers: { 'sforce-limit-info': 'api-usage=3/3' },
      body: [expect.objectContaining({ errorCode: 'REQUEST_LIMIT_EXCEEDED' })],
    },
    announced: { 'sforce-limit-info': 'api-usage=3/3' },
    wrongKey: { status: 401, body: [expect.objectContaining({ errorCode: 'INVALID_SESSION_ID' })] },
  },
  'gitlab projects': {
    contract: (options) => gitlab({ ...options, projects: COUNT }),
    stream: 'projects',
    request: (origin, key, at) => ({
      url:
        at ?? `${origin}/api/v4/projects?pagination=keyset&order_by=id&sort=asc&per_page=${SIZE}`,
      init: { headers: { 'PRIVATE-TOKEN': key } },
    }),
    records: recordsAt(),
    next: nextLink,
    refusal: { status: 429, headers: { 'retry-after': SECONDS }, body: 'Retry later\n' },
    announced: {
      'ratelimit-limit': '3',
      'ratelimit-observed': '3',
      'ratelimit-remaining': '0',
      'ratelimit-reset': EPOCH_SECONDS,
    },
    wrongKey: { status: 401, body: { message: '401 Unauthorized' } },
  },
  'gitlab issues of one project': {
    contract: (options) => gitlab({ ...options, projects: 1 }),
    stream: 'issues',
    request: (origin, key, at) => ({
      url: at ?? `${origin}/api/v4/projects/278964/issues?pagination=keyset&per_page=${SIZE}`,
      init: bearer(key),
    }),
    records: recordsAt(),
    next: nextLink,
    refusal: { status: 429, headers: { 'retry-after': SECONDS }, body: 'Retry later\n' },
    announced: { 'ratelimit-name': 'throttle_authenticated_api' },
    wrongKey: { status: 401, body: { message: '401 Unauthorized' } },
  },
};
