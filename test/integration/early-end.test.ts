/** An API that says it is at its end when it is not: the rest is fetched, or the run says what it lacks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentFor, useEmptyTables } from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';
import {
  type Script,
  type ScriptedPage,
  scriptedRows,
  useScriptedApi,
} from '../support/scripted-api.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const startApi = useScriptedApi();

const ROWS = 1_000;
const rows = scriptedRows(ROWS, (row) => 1_769_541_612_369 - row * 1_000);
/** Pauses of a tenth of a second. */
const QUICK = { BATCH_SIZE: '100', RETRY_PAUSE: '0.1', WORKER_CONCURRENCY: '1' };
const CURSORS = ['position', 'offset'] as const;
const END = { hasMore: false, nextCursor: null };
/** Of an API that fails behind its cache, with status 200. */
const FAILURE = { errors: ['no upstream'], data: [], hasMore: false };

async function ingest(script: Omit<Script, 'rows'>, changes = {}): Promise<Exit & { env: object }> {
  const api = await startApi({ rows, ...script });
  const env = environmentFor(api, database, { ...QUICK, ...changes });
  return { ...(await folder.run(['ingest', '--json'], env)), env };
}

test.each(CURSORS)(
  'page 5 of 10 ends it once: asked again, and all is there, by %s',
  async (cursors) => {
    const { code, result, stderr } = await ingest({
      cursors,
      answer: (page, start, asked) =>
        start === 400 && asked === 1 ? { ...page, pagination: END } : page,
    });
    expect(code, stderr).toBe(0);
    expect(result).toMatchObject({ status: 'complete', eventsIngested: ROWS, warnings: [] });
  },
);

test.each(CURSORS)('an error told as an empty last page: asked again, by %s', async (cursors) => {
  const { code, result, stderr } = await ingest({
    cursors,
    answer: (page, start, asked) => (start === 500 && asked < 3 ? FAILURE : page),
  });
  expect(code, stderr).toBe(0);
  expect(result).toMatchObject({ status: 'complete', eventsIngested: ROWS, warnings: [] });
});

test.each([
  ['holds rows', (page: ScriptedPage) => page.data.slice(0, 10)],
  ['is empty', () => []],
])(
  'of several chains one is ended in the middle, without a total, by a page that %s',
  async (_, cut) => {
    const many = scriptedRows(6_000, (row) => 1_769_541_612_369 - row * 1_000);
    let hasLied = false;
    let deepest = 0;
    const api = await startApi({
      rows: many,
      latencyMs: 20,
      answer: (page, start) => {
        // Provably false only then: another chain has had rows behind that page.
        const lies = !hasLied && start + 100 < deepest;
        hasLied ||= lies;
        deepest = Math.max(deepest, start);
        return lies ? { data: cut(page), pagination: END } : { ...page, meta: {} };
      },
    });
    const env = environmentFor(api, database, { ...QUICK, WORKER_CONCURRENCY: '8' });
    const { code, result, stderr } = await folder.run(['ingest', '--json'], env);
    expect(code, stderr).toBe(0);
    expect(hasLied).toBe(true);
    expect(result).toMatchObject({ status: 'complete', eventsIngested: 6_000 });
  },
);

test('an end that stays: complete, and log, result, report and status name both numbers', async () => {
  const { code, result, stderr, env } = await ingest({
    answer: (page, start) => (start >= 400 ? { ...page, pagination: END } : page),
  });
  expect(code, stderr).toBe(0);
  const warning = expect.stringMatching(
    /announced 1,000 records, and 500 different ones were received/,
  );
  expect(result).toMatchObject({ status: 'complete', eventsIngested: 500, warnings: [warning] });
  expect(stderr).toContain('"event":"run_warned"');
  const kept = JSON.parse(readFileSync(join(folder.path, 'reports', '1.json'), 'utf8'));
  expect(kept).toMatchObject({
    warnings: [warning],
    settings: expect.not.objectContaining({ warnings: expect.anything() }),
  });
  for (const command of ['status', 'report']) {
    const asJson = await folder.run([command, '--json'], { ...env } as Record<string, string>);
    expect(asJson.result, command).toMatchObject({ warnings: [warning] });
    const asText = await folder.run([command], { ...env } as Record<string, string>);
    expect(asText.stdout.replace(/\s+/g, ' ')).toMatch(/warning the API announced 1,000 records/);
  }
});
