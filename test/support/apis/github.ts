/**
 * GitHub's REST API: `GET /repos/{owner}/{repo}/issues` and `/commits`. Issues lead on by a cursor and
 * commits by a page number, both in the `Link` header. One quota is announced by every answer; the
 * secondary limits are not, and refuse with 403 and `Retry-After`.
 *
 * Source: docs.github.com/rest, "Using pagination", "Rate limits", "List repository issues".
 */
import type { LimitState } from '../../../bench/limiters/announce.js';
import { Collection, type View } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type JsonRecord,
  json,
} from './contract.js';
import { Cursors } from './cursors.js';
import { type Draw, isoSeconds } from './draw.js';
import { inFlightLimit, quotaLimit, retryAfterSeconds } from './limits.js';
import { bearerToken, header, isObject, linkHeader, queryInteger, urlWith } from './requests.js';

export interface GithubOptions extends ApiOptions<'issues' | 'commits'> {
  /** GET requests of one endpoint in a minute; 900 by default. */
  readonly secondaryQuota?: number;
}

const DOCS = 'https://docs.github.com/rest';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECONDARY = problem(
  403,
  'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
);

export function github(options: GithubOptions = {}): ApiContract<'issues' | 'commits'> {
  const issues = new Collection({ make: issue, newest: 'first', options });
  const commits = new Collection({ make: commit, newest: 'first', options });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 100;
  const sizeOf = (request: ApiRequest) =>
    Math.min(sizeMax, Math.max(1, queryInteger(request, 'per_page', Math.min(30, sizeMax)) || 30));

  const listIssues = (request: ApiRequest): ApiAnswer => {
    const after = request.url.searchParams.get('after');
    const read = after === null ? null : cursors.read(after, request.nowMs);
    if (read !== null && read.type !== 'place') return problem(422, 'Invalid pagination cursor.');
    const { records, end, hasMore } = issues.after(
      read?.place ?? null,
      sizeOf(request),
      issueView(request),
    );
    const page = String(queryInteger(request, 'page', 1) + 1);
    const next = () => urlWith(request, { after: cursors.issue(end, request.nowMs), page });
    return json(200, records, hasMore ? { Link: linkHeader([['next', next()]]) } : {});
  };

  const listCommits = (request: ApiRequest): ApiAnswer => {
    const page = queryInteger(request, 'page', 1);
    const size = sizeOf(request);
    const { records, total } = commits.slice((page - 1) * size, size, commitFilter(request));
    const last = Math.max(1, Math.ceil(total / size));
    const link = (rel: string, number: number) =>
      [rel, urlWith(request, { page: String(number) })] as const;
    const back = page > 1 ? [link('prev', page - 1), link('first', 1)] : [];
    const on = page < last ? [link('next', page + 1), link('last', last)] : [];
    const links = [...on, ...back];
    return json(200, records, links.length > 0 ? { Link: linkHeader(links) } : {});
  };

  return {
    options,
    streams: { issues, commits },
    isAuthorized: (request) => bearerToken(request) === credentialOf(options),
    unauthorized: problem(401, 'Bad credentials'),
    limits: [
      ...quotaLimit({
        name: 'core',
        standard: { quota: 5_000, windowMs: HOUR_MS },
        override: options.limit,
        window: 'fixed',
        announce: primaryHeaders,
        refusal: problem(403, 'API rate limit exceeded for user ID 1.'),
      }),
      ...['issues', 'commits'].flatMap((endpoint) =>
        quotaLimit({
          name: `secondary-${endpoint}`,
          standard: { quota: options.secondaryQuota ?? 900, windowMs: MINUTE_MS },
          window: 'sliding',
          announce: retryAfterSeconds,
          refusal: SECONDARY,
          concerns: ({ url }) => url.pathname.endsWith(`/${endpoint}`),
        }),
      ),
      ...inFlightLimit({ name: 'concurrent', refusal: withRetry(SECONDARY) }, 100, options),
    ],
    answer(request) {
      if (header(request, 'user-agent') === null) {
        return problem(403, 'Request forbidden by administrative rules.');
      }
      const endpoint = /^\/repos\/[^/]+\/[^/]+\/(issues|commits)$/.exec(request.url.pathname)?.[1];
      if (request.method !== 'GET' || endpoint === undefined) return problem(404, 'Not Found');
      return endpoint === 'issues' ? listIssues(request) : listCommits(request);
    },
    failure: problem(502, 'Server Error'),
  };
}

function problem(status: number, message: string): ApiAnswer {
  return json(status, { message, documentation_url: DOCS, status: String(status) });
}

function withRetry(answer: ApiAnswer): ApiAnswer {
  return { ...answer, headers: { ...answer.headers, 'Retry-After': '1' } };
}

function primaryHeaders({ quota, remaining, resetMs }: LimitState, nowMs: number) {
  return {
    'x-ratelimit-limit': String(quota),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-used': String(quota - remaining),
    'x-ratelimit-reset': String(Math.ceil((nowMs + resetMs) / 1000)),
    'x-ratelimit-resource': 'core',
  };
}

/** Open issues unless `state` says otherwise; changed at or after `since`; by `sort` and `direction`. */
function issueView({ url }: ApiRequest): View {
  const state = url.searchParams.get('state') ?? 'open';
  const since = url.searchParams.get('since') ?? '';
  return {
    keep: (record) =>
      (state === 'all' || record.state === state) && String(record.updated_at) >= since,
    newest: url.searchParams.get('direction') === 'asc' ? 'last' : 'first',
    ...(url.searchParams.get('sort') === 'updated' && { by: 'updated_at' }),
  };
}

function commitFilter({ url }: ApiRequest): (record: JsonRecord) => boolean {
  const since = url.searchParams.get('since') ?? '';
  const until = url.searchParams.get('until') ?? '~';
  return (record) => committedAt(record) >= since && committedAt(record) <= until;
}

function committedAt({ commit: of }: JsonRecord): string {
  return isObject(of) && isObject(of.committer) ? String(of.committer.date) : '';
}

function issue(draw: Draw): JsonRecord {
  const number = draw.serial + 1;
  const isClosed = draw.chance(0.4);
  return {
    id: 2_061_000_000 + draw.serial * 7,
    node_id: `I_kwDO${draw.token(12)}`,
    number,
    title: draw.sentence(),
    user: { login: `user-${draw.integer(1, 40)}`, id: draw.integer(1, 9_000_000), type: 'User' },
    labels: Array.from({ length: draw.integer(0, 3) }, (_, index) => ({
      id: 500 + index,
      name: draw.pick(['bug', 'docs', 'good first issue', 'élevé']),
    })),
    state: isClosed ? 'closed' : 'open',
    state_reason: isClosed ? draw.pick(['completed', 'not_planned']) : null,
    assignee: draw.orNull({ login: 'maintainer', id: 7 }),
    comments: draw.integer(0, 90),
    created_at: isoSeconds(draw.createdMs),
    updated_at: isoSeconds(draw.updatedMs),
    closed_at: isClosed ? isoSeconds(draw.updatedMs) : null,
    body: draw.orNull(draw.sentence()),
  };
}

function commit(draw: Draw): JsonRecord {
  const at = isoSeconds(draw.createdMs);
  const author = { name: draw.name(), email: 'author@example.com', date: at };
  return {
    sha: `${draw.serial.toString(16).padStart(8, '0')}${draw.hex(32)}`,
    commit: { author, committer: author, message: draw.sentence(), comment_count: 0 },
    author: draw.orNull({ login: `user-${draw.integer(1, 40)}`, id: draw.integer(1, 9_000_000) }),
    parents: [{ sha: draw.hex(40) }],
  };
}
