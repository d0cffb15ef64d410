/**
 * An API of three levels: organisations, their repositories, and the issues of these. A repository has an
 * id that is its own within its organisation alone; pages lead on by cursors.
 */
import { type ApiServer, serve } from './apis/serve.js';

export interface FamilyOptions {
  readonly orgs: readonly object[];
  readonly reposOf: (org: string) => number;
  readonly issuesOf: (org: string, repo: number) => number;
  /** Statuses in place of an answer, by path. */
  readonly statuses?: Readonly<Record<string, number>>;
}

const PAGE = 2;

export function startFamilyApi(options: FamilyOptions): Promise<ApiServer<never>> {
  return serve(
    (request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const records = recordsOf(url.pathname, options);
      const status = options.statuses?.[url.pathname] ?? (records === null ? 404 : 200);
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const next = from + PAGE < (records?.length ?? 0) ? String(from + PAGE) : null;
      const page = { data: records?.slice(from, from + PAGE) ?? [], next };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? page : { error: 'no' }));
    },
    () => [],
  );
}

/** Null: there is no such thing. */
export function recordsOf(path: string, options: FamilyOptions): readonly object[] | null {
  const [, top, org = '', , repo, last] = path.split('/').map(decodeURIComponent);
  if (top !== 'orgs') return null;
  if (org === '') return options.orgs;
  if (repo === undefined)
    return numbered(options.reposOf(org), (id) => ({ id, name: `${org}-${id}` }));
  if (last !== 'issues') return null;
  return numbered(options.issuesOf(org, Number(repo)), (n) => ({
    n,
    title: `${org} ${repo} ${n}`,
  }));
}

function numbered(count: number, make: (n: number) => object): object[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}
