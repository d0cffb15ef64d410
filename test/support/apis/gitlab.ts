/**
 * GitLab's REST API with keyset pagination: `/projects` leads on by `id_after`, and `/projects/{id}/issues`
 * by a cursor, both in the `Link` header. Every answer announces the quota of a minute of the clock (as
 * Rack::Attack counts) with the epoch second of its reset; refusals are plain text.
 *
 * Source: docs.gitlab.com, "REST API", keyset-based pagination; "User and IP rate limits".
 */
import type { Announcer } from '../../../bench/limiters/announce.js';
import { together } from '../../../bench/limiters/announce.js';
import { Collection, type Slice, type View } from './collection.js';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiOptions,
  type ApiRequest,
  credentialOf,
  type JsonRecord,
  json,
  plain,
} from './contract.js';
import { Cursors } from './cursors.js';
import { type Draw, isoMilliseconds } from './draw.js';
import { inFlightLimit, quotaLimit, retryAfterSeconds } from './limits.js';
import { bearerToken, header, linkHeader, queryInteger, urlWith } from './requests.js';

export interface GitlabOptions extends ApiOptions<'projects' | 'issues'> {
  /** Projects that share the issues; 3 by default. The last one has none. */
  readonly projects?: number;
}

const PROJECTS_PATH = '/api/v4/projects';
const ISSUES_PATH = /^\/api\/v4\/projects\/(\d+)\/issues$/;
const REFUSAL = plain(429, 'Retry later\n');

export function gitlab(options: GitlabOptions = {}): ApiContract<'projects' | 'issues'> {
  const count = options.projects ?? 3;
  const withIssues = Math.max(1, count - 1);
  const projects = new Collection({ make: project, newest: 'last', options, count });
  const issues = new Collection({
    make: (draw) => issue(draw, projectId(draw.serial % withIssues)),
    newest: 'last',
    options,
  });
  const cursors = new Cursors(options);
  const sizeMax = options.pageSizeMax ?? 100;
  const sizeOf = (request: ApiRequest) =>
    Math.min(sizeMax, Math.max(1, queryInteger(request, 'per_page', Math.min(20, sizeMax)) || 20));

  const listProjects = (request: ApiRequest): ApiAnswer => {
    const idAfter = queryInteger(request, 'id_after', 0);
    const slice = projects.after(null, sizeOf(request), {
      keep: ({ id }) => Number(id) > idAfter,
    });
    const last = slice.records.at(-1)?.id ?? idAfter;
    return leadingOn(slice, () => urlWith(request, { id_after: String(last) }));
  };

  const listIssues = (request: ApiRequest, ofProject: number): ApiAnswer => {
    const cursor = request.url.searchParams.get('cursor');
    const read = cursor === null ? null : cursors.read(cursor, request.nowMs);
    if (read !== null && read.type !== 'place') {
      return json(400, { error: 'cursor is invalid' });
    }
    const slice = issues.after(read?.place ?? null, sizeOf(request), issueView(request, ofProject));
    return leadingOn(slice, () =>
      urlWith(request, { cursor: cursors.issue(slice.end, request.nowMs) }),
    );
  };

  return {
    options,
    streams: { projects, issues },
    isAuthorized: (request) =>
      [header(request, 'private-token'), bearerToken(request)].includes(credentialOf(options)),
    unauthorized: json(401, { message: '401 Unauthorized' }),
    limits: [
      ...quotaLimit({
        name: 'throttle_authenticated_api',
        standard: { quota: 2_000, windowMs: 60_000 },
        override: options.limit,
        window: 'grid',
        announce: together(rateLimit, retryAfterSeconds),
        refusal: REFUSAL,
      }),
      ...inFlightLimit({ name: 'concurrent', refusal: REFUSAL }, null, options),
    ],
    answer(request) {
      const { pathname, searchParams } = request.url;
      if (searchParams.get('pagination') !== 'keyset') {
        return json(405, { error: 'Only keyset pagination is offered here' });
      }
      if (pathname === PROJECTS_PATH) return listProjects(request);
      const id = Number(ISSUES_PATH.exec(pathname)?.[1]);
      if (projects.placeOf('id', String(id)) === null)
        return json(404, { message: '404 Not Found' });
      return listIssues(request, id);
    },
    failure: json(500, { message: '500 Internal Server Error' }),
  };
}

/** Changed from `updated_after` to `updated_before`; the oldest first unless `sort` says otherwise. */
function issueView({ url: { searchParams } }: ApiRequest, ofProject: number): View {
  const afterMs = Date.parse(searchParams.get('updated_after') ?? '1970-01-01');
  const beforeMs = Date.parse(searchParams.get('updated_before') ?? '9999-01-01');
  return {
    keep: ({ project_id: of, updated_at: at }) =>
      of === ofProject && Date.parse(String(at)) >= afterMs && Date.parse(String(at)) <= beforeMs,
    newest: searchParams.get('sort') === 'desc' ? 'first' : 'last',
    ...(searchParams.get('order_by') === 'updated_at' && { by: 'updated_at' }),
  };
}

function leadingOn({ records, hasMore }: Slice, next: () => string): ApiAnswer {
  return json(200, records, hasMore ? { Link: linkHeader([['next', next()]]) } : {});
}

const rateLimit: Announcer = ({ quota, remaining, resetMs }, nowMs) => {
  // The grid is one of whole seconds; the sum of two fractions is not quite.
  const resetSeconds = Math.round((nowMs + resetMs) / 1000);
  return {
    'RateLimit-Limit': String(quota),
    'RateLimit-Name': 'throttle_authenticated_api',
    'RateLimit-Observed': String(quota - remaining),
    'RateLimit-Remaining': String(remaining),
    'RateLimit-Reset': String(resetSeconds),
    'RateLimit-ResetTime': new Date(resetSeconds * 1000).toUTCString(),
  };
};

function projectId(serial: number): number {
  return 278_964 + serial * 11;
}

function project(draw: Draw): JsonRecord {
  return {
    id: projectId(draw.serial),
    name: draw.name(),
    path_with_namespace: `group/project-${draw.serial}`,
    created_at: isoMilliseconds(draw.createdMs),
    default_branch: draw.orNull('main'),
    star_count: draw.integer(0, 900),
  };
}

function issue(draw: Draw, ofProject: number): JsonRecord {
  const isClosed = draw.chance(0.5);
  return {
    id: 150_000_000 + draw.serial * 3,
    iid: draw.serial + 1,
    project_id: ofProject,
    title: draw.sentence(),
    description: draw.orNull(draw.sentence()),
    state: isClosed ? 'closed' : 'opened',
    created_at: isoMilliseconds(draw.createdMs),
    updated_at: isoMilliseconds(draw.updatedMs),
    closed_at: isClosed ? isoMilliseconds(draw.updatedMs) : null,
    labels: Array.from({ length: draw.integer(0, 2) }, () => draw.pick(['bug', 'série', '優先'])),
    author: { id: draw.integer(1, 9_000), username: 'author', name: draw.name() },
    milestone: draw.orNull({ id: draw.integer(1, 99), title: 'v1' }),
    weight: draw.orNull(draw.integer(0, 9)),
  };
}
