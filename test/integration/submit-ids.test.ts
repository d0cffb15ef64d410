/** `datasync submit` against the simulator: verified first, asked for, spent once, kept. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { SimulatorSettings } from '../../src/simulator/settings.js';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js';
import {
  API_KEY,
  environmentFor,
  type Simulation,
  useEmptyTables,
  useSimulator,
} from '../support/ingest-check.js';
import { type Exit, useIngestFolder } from '../support/ingest-process.js';
import { hasCommand, REPOSITORY } from '../support/repository.js';
import { useTerminals } from '../support/terminal.js';

const EVENTS = 6_000;
/** Their ids are more than the system takes of a connection that nobody reads. */
const MANY = { events: 200_000, eventsQuota: 0, latencyMs: 0, latencyJitterMs: 0 };
const REPOSITORY_URL = 'https://github.com/someone/datasync-ingestion';
const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();
const openTerminal = useTerminals();

const proxies: CuttingProxy[] = [];
afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

/** A simulator behind a proxy: the run is over the proxy's address, and so is the submission. */
async function ingested({
  flags = [],
  source = { events: EVENTS },
}: {
  readonly flags?: readonly string[];
  readonly source?: Partial<SimulatorSettings>;
} = {}): Promise<{ simulator: Simulation; proxy: CuttingProxy; env: Record<string, string> }> {
  const simulator = await simulate(source);
  const proxy = await startCuttingProxy(simulator.baseUrl);
  proxies.push(proxy);
  const env = environmentFor({ baseUrl: proxy.connectionString }, database);
  await folder.run(['ingest', '--json', ...flags], env);
  return { simulator, proxy, env };
}

function submit(env: Record<string, string>, ...flags: string[]): Promise<Exit> {
  return folder.run(['submit', REPOSITORY_URL, '--yes', '--json', ...flags], env);
}

function readJson(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder.path, name), 'utf8')) as Record<string, unknown>;
}

describe('a submission', () => {
  test('sends every id, and its answer is kept beside them, in the record and in the report', async () => {
    const { simulator, env } = await ingested();
    const { code, result, stderr } = await submit(env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const counted = { eventCount: EVENTS, knownCount: EVENTS, githubRepoUrl: REPOSITORY_URL };
    expect(simulator.stats().submissions).toEqual([counted]);
    expect(result).toMatchObject({
      ...{ status: 'submitted', file: 'submission-1.json', isFromList: false },
      ids: { count: EVENTS, bytes: EVENTS * 37 },
      answer: { submissionNumber: 1, eventCount: EVENTS, remainingSubmissions: 4 },
    });
    const kept = readJson('submission-1.json');
    expect(kept).toMatchObject({ run: 1, githubRepoUrl: REPOSITORY_URL, ids: result?.ids });
    const { rows } = await database.pool.query('SELECT submission FROM ingestion_runs');
    expect(rows[0]?.submission).toEqual(kept);
    const report = await folder.run(['report', '--json'], env);
    expect(report.result?.submission).toMatchObject({ submissionNumber: 1, eventCount: EVENTS });
    expect(readJson('reports/1.json').submission).toEqual(report.result?.submission);
    const page = readFileSync(join(folder.path, 'reports/1.html'), 'utf8');
    expect(page).toContain('Time to complete');
  });

  test('shows what would be sent with --dry-run, and spends nothing', async () => {
    const { simulator, env } = await ingested();
    const { code, stdout } = await folder.run(['submit', REPOSITORY_URL, '--dry-run'], env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/To submit: 6,000 ids, 222 kB, from event_ids\.txt/);
    expect(stdout).toMatch(/left {6}5 of 5 submissions/);
    expect(simulator.stats().submissions).toEqual([]);
  });

  test('is refused by itself the second time, unless --again spends another', async () => {
    const { simulator, env } = await ingested();
    await submit(env);
    const again = await submit(env);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/submitted already, as number 1; --again/);
    expect((await submit(env, '--again')).result?.file).toBe('submission-2.json');
    // Another key counts from 1 again.
    writeFileSync(join(folder.path, 'submission-3.json'), 'of another key');
    const { result } = await submit(env, '--again');
    expect(result?.file).toMatch(/^submission-3-\d{4}-.*Z\.json$/);
    expect(readFileSync(join(folder.path, 'submission-3.json'), 'utf8')).toBe('of another key');
    expect(simulator.stats().submissions).toHaveLength(3);
  });

  test('with --yes is refused too when only the API knows of the first', async () => {
    const { simulator, env } = await ingested();
    await submit(env);
    await database.pool.query('UPDATE ingestion_runs SET submission = NULL');
    const { code, stderr } = await submit(env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/counted 6,000 ids .* already, as number 1\. Nothing was sent; --again/);
    expect((await submit(env, '--again')).code).toBe(0);
    expect(simulator.stats().submissions).toHaveLength(2);
  });

  test('when none is left says so and sends nothing', async () => {
    const { simulator, env } = await ingested();
    for (let number = 1; number <= 5; number++) await submit(env, '--again');
    const { code, stderr } = await submit(env, '--again');
    expect([code, stderr]).toEqual([1, 'No submission of this key is left. Nothing was sent.\n']);
    expect(simulator.stats().submissions).toHaveLength(5);
  });
});

describe('on a terminal', () => {
  const command = `${process.execPath} ${join(REPOSITORY, 'dist/src/main.js')} submit ${REPOSITORY_URL}`;
  const question = 'Spend one of the 5 submissions? [y/N] ';

  test.for([
    ['y', 1, 0],
    ['', 0, 1],
    ['no', 0, 1],
  ] as const)('it asks, and the answer "%s" spends %i', async ([answer, spent, code], context) => {
    if (!hasCommand('script')) return context.skip('script is not installed');
    const { simulator, env } = await ingested();
    const terminal = openTerminal(command, env, folder.path);
    const seen = await terminal.until(question);
    expect(seen).toMatch(/To submit: 6,000 ids/);
    expect(simulator.stats().submissions).toHaveLength(0);
    terminal.type(`${answer}\r`);
    expect(await terminal.ended()).toBe(code);
    expect(simulator.stats().submissions).toHaveLength(spent);
  });

  test('Ctrl-C at the question spends nothing, and is told from a no', async (context) => {
    if (!hasCommand('script')) return context.skip('script is not installed');
    const { simulator, env } = await ingested();
    const terminal = openTerminal(command, env, folder.path);
    await terminal.until(question);
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    expect(simulator.stats().submissions).toHaveLength(0);
  });
});

describe('a connection that breaks', () => {
  test('after the server has counted costs no second submission', async () => {
    const { simulator, proxy, env } = await ingested();
    const cut = proxy.cutAtAnswer('"submissionNumber":1');
    const { code, result, stderr } = await submit(env);
    await cut;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(result).toMatchObject({ status: 'submitted', isFromList: true });
    expect(result?.answer).toMatchObject({ submissionNumber: 1, eventCount: EVENTS });
    expect(simulator.stats().submissions).toHaveLength(1);
  });

  test('before it has is followed by another, after the API has said that none counted', async () => {
    const { simulator, proxy, env } = await ingested({ source: MANY });
    const cut = proxy.cutAtRequest('POST ');
    const running = folder.start(['submit', REPOSITORY_URL, '--yes'], env);
    await cut;
    const { code, stdout } = await running.end();
    expect(code).toBe(0);
    expect(stdout).toMatch(/The answer was lost: .*\n[\s\S]*It did not count\.\n[\s\S]*received/);
    expect(simulator.stats().submissions).toHaveLength(1);
  });

  test('and an API that then cannot be asked leave it unsent, and that is said', async () => {
    const { simulator, proxy, env } = await ingested({ source: MANY });
    const cut = proxy.cutAtRequest('POST ');
    const running = folder.start(['submit', REPOSITORY_URL, '--yes'], env);
    await cut;
    await proxy.close();
    proxies.splice(0);
    const { code, stderr } = await running.end(60_000);
    expect(code).toBe(1);
    expect(stderr).toMatch(/not known whether the submission counted: .*It was not sent again/s);
    expect(simulator.stats().submissions).toHaveLength(0);
  });
});

describe('nothing is sent', () => {
  test('when a row was changed by hand, for it verifies first', async () => {
    const { simulator, env } = await ingested();
    await database.pool.query(
      `UPDATE ingested_events SET id = gen_random_uuid() WHERE id =
         (SELECT id FROM ingested_events LIMIT 1)`,
    );
    const { code, stderr } = await submit(env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/does NOT hold[\s\S]*Nothing was sent\./);
    expect(simulator.stats().submissions).toEqual([]);
    expect(readdirSync(folder.path)).not.toContain('event_ids.txt');
  });

  test('when the run is not complete, with exit 3', async () => {
    const { simulator, env } = await ingested({ flags: ['--max-events', '2000'] });
    const { code, stderr } = await submit(env);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Run 1 is paused, not complete/);
    expect(simulator.stats().submissions).toEqual([]);
  });

  test('when the table holds rows of another source', async () => {
    const { simulator, env } = await ingested();
    const other = await simulate({ events: 500, seed: 9 });
    await folder.run(['ingest', '--json'], environmentFor(other, database));
    const { code, stderr } = await submit(env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/500 rows that are not of run 1, but of http:.*a database of its own/);
    expect(simulator.stats().submissions).toEqual([]);
  });

  test('without --yes where there is no terminal to ask on', async () => {
    const { simulator, env } = await ingested();
    const { code, stderr } = await folder.run(['submit', REPOSITORY_URL], env);
    expect([code, stderr]).toEqual([
      2,
      'There is no terminal to ask on: --yes submits without asking.\n',
    ]);
    expect(simulator.stats().submissions).toEqual([]);
  });

  test('for a URL that is no repository', async () => {
    const { code, stderr } = await folder.run(['submit', 'https://example.com/a', '--yes'], {});
    expect(code).toBe(2);
    expect(stderr).toMatch(/takes https:\/\/github\.com\/OWNER\/NAME/);
  });

  test('with a key that the API refuses, and the key is not repeated', async () => {
    const { simulator, env } = await ingested();
    const wrong = { ...env, TARGET_API_KEY: 'another-k3y' };
    const { code, stderr, stdout } = await submit(wrong);
    expect(code).toBe(4);
    expect(`${stdout}${stderr}`).not.toMatch(new RegExp(`another-k3y|${API_KEY}`));
    expect(simulator.stats().submissions).toEqual([]);
  });
});
