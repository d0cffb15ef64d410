/**
 * An API in whatever order a test chooses, whose answers it may change: for what the simulator, which
 * keeps its contract but for its knobs, does not do.
 */
import { createHash } from 'node:crypto';
import { afterEach } from 'vitest';
import { datasync } from './datasync.js';
import { type FixtureServer, startFixtureServer } from './fixture-server.js';

export interface ScriptedRow {
  readonly id: string;
  readonly timestamp: number;
}

export interface ScriptedPage {
  data: readonly unknown[];
  pagination: { hasMore: boolean; nextCursor: string | null; limit?: number };
  meta?: { total?: number; returned?: number };
}

export interface Script {
  /** In the order in which the API serves them. */
  readonly rows: readonly ScriptedRow[];
  /**
   * `position`: the form of the source, found again by instant and then by its place among the rows of
   * that instant; `offset`: opaque. @default position
   */
  readonly cursors?: 'position' | 'offset';
  readonly latencyMs?: number;
  /** Another answer than the API's own. @param asked how often the page at `start` was asked for, this time included */
  readonly answer?: (page: ScriptedPage, start: number, asked: number) => unknown;
}

/** @returns starts an API that is closed after the test */
export function useScriptedApi(): (
  script: Script,
) => Promise<FixtureServer & { readonly baseUrl: string }> {
  const open: FixtureServer[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.close()));
  });
  return async (script) => {
    const { answer = (page) => page, latencyMs = 0 } = script;
    const asked = new Map<number, number>();
    const server = await startFixtureServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://api').searchParams;
      const start = startOf(script, query.get('cursor'));
      const times = (asked.get(start) ?? 0) + 1;
      asked.set(start, times);
      const page = answer(pageAt(script, start, Number(query.get('limit'))), start, times);
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(page));
      }, latencyMs);
    });
    open.push(server);
    return { ...server, baseUrl: `${server.origin}/api/v1` };
  };
}

/** Rows by a rule. @param msOf the instant of row n */
export function scriptedRows(count: number, msOf: (row: number) => number): ScriptedRow[] {
  return Array.from({ length: count }, (_, row) => ({ id: uuidOf(row), timestamp: msOf(row) }));
}

function uuidOf(row: number): string {
  const hex = createHash('md5').update(String(row)).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function pageAt({ rows, cursors }: Script, start: number, limit: number): ScriptedPage {
  const data = rows.slice(start, start + limit);
  const hasMore = start + data.length < rows.length;
  const last = data.at(-1);
  const position = last && { ms: last.timestamp, id: last.id };
  const cursor =
    cursors === 'offset'
      ? `offset-${start + data.length}`
      : position && (datasync.paging.seek?.(position, Date.now() + 120_000) ?? null);
  return {
    data,
    pagination: { hasMore, nextCursor: hasMore ? (cursor ?? null) : null, limit },
    meta: { total: rows.length, returned: data.length },
  };
}

function startOf({ rows, cursors }: Script, cursor: string | null): number {
  if (cursor === null) return 0;
  if (cursors === 'offset') return Number(cursor.slice('offset-'.length));
  const position = datasync.paging.placeOf(cursor);
  if (position === null) throw new Error('the program builds cursors of the right form');
  const { ms, id } = position;
  const known = rows.findIndex((row) => row.id === id);
  if (known >= 0) return known + 1;
  // No row has that id: by the order of ids within the instant, whichever the rows have.
  const ties = rows.filter(({ timestamp }) => timestamp === ms);
  const isAscending = (ties[0]?.id ?? '') < (ties[1]?.id ?? '');
  const isBehind = (row: ScriptedRow): boolean =>
    row.timestamp < ms || (row.timestamp === ms && (isAscending ? row.id > id : row.id < id));
  const index = rows.findIndex(isBehind);
  return index < 0 ? rows.length : index;
}
