/** Answers that are no plain page: empty, refusing, failing, as the file of the source reads them. */
import { describe, expect, test } from 'vitest';
import { type ApiAnswer, json, plain } from '../support/apis/contract.js';
import { page, type WrittenPage, writtenPages } from '../support/apis/written-pages.js';
import { type SourceParts, useSourceRuns } from '../support/source-runs.js';

const runs = useSourceRuns();
const { apis } = runs;

const paginator = { type: 'cursor', cursor_path: 'next_page', cursor_param: 'page' };
const record = (id: number) => ({ id, name: `n${id}` });
const first = page([record(1), record(2)], 2);
const last = page([record(3)]);
const ALL = [record(1), record(2), record(3)];
const NO_CONTENT: ApiAnswer = { status: 204, headers: {}, body: '' };
const busy = json(503, { error: 'busy' });

async function ingested(pages: readonly WrittenPage[], parts: SourceParts = {}) {
  const api = await apis.start(writtenPages(pages));
  const source = runs.source({
    paginator,
    ...parts,
    endpoint: { data_selector: 'items', ...parts.endpoint },
  });
  const exit = await runs.ingest(source, api);
  const said = exit.stdout + exit.stderr;
  return { api, source, exit, said, message: String(exit.result?.message) };
}

async function expectAll(given: Awaited<ReturnType<typeof ingested>>): Promise<void> {
  expect(given.exit.code, given.said).toBe(0);
  await runs.expectStored(given.source, given.api, ALL);
}

describe('an empty page', () => {
  test('in the middle leads on', async () => {
    await expectAll(await ingested([first, page([], 3), page([], 4), last]));
  });

  test('may have null for its records', async () => {
    await expectAll(await ingested([first, page(null, 3), last]));
  });

  test('is the end where the file says so, whatever cursor it gives', async () => {
    const parts = { paginator: { ...paginator, stop_after_empty_page: true } };
    await expectAll(await ingested([first, page([record(3)], 3), page([], 3)], parts));
  });

  test('is 204 at the end', async () => {
    await expectAll(await ingested([first, page([record(3)], 3), NO_CONTENT]));
  });

  test('is all there is', async () => {
    const { source, api, exit, said } = await ingested([page([])]);
    expect(exit.code, said).toBe(0);
    expect(exit.result).toMatchObject({ eventsIngested: 0, pages: 1 });
    await runs.expectProved(source, api);
  });
});

describe('a 200 that is an error', () => {
  test('by lack of what data_selector names ends a run that has not begun well', async () => {
    const { exit, message, source, api } = await ingested([json(200, { error: 'x', code: 7 })]);
    expect(exit.code).toBe(1);
    expect(message).toContain(
      `${source.name}.items: HTTP 200, but nothing is at data_selector items`,
    );
    expect(message).toContain('fields error, code');
    // It is looked at twice.
    expect(api.requests).toHaveLength(2);
  });

  test('by lack of it is asked for again where pages were good before', async () => {
    const given = await ingested([first, [json(200, { error: 'x' }), last]]);
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 1 });
  });

  test('by its content, which response_actions says to ask for again', async () => {
    const actions = { response_actions: [{ content: 'try later', action: 'retry' }] };
    const trouble = json(200, { items: [], note: 'try later' });
    const given = await ingested([first, [trouble, trouble, last]], { endpoint: actions });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 2 });
  });

  test('by its content, which response_actions says to fail on', async () => {
    const actions = { response_actions: [{ content: 'quota of the plan', action: 'fail' }] };
    const trouble = json(200, { items: [], note: 'quota of the plan' });
    const { exit, message, api } = await ingested([first, trouble], { endpoint: actions });
    expect(exit.code).toBe(1);
    expect(message).toContain('HTTP 200, which response_actions names');
    expect(api.requests).toHaveLength(2);
  });

  test('by a sign of its body that it refuses for a limit', async () => {
    const ingestion = { throttle: [{ status: 200, body_path: 'ok', equals: false }] };
    const refusal = json(200, { ok: false, error: 'ratelimited' }, { 'Retry-After': '1' });
    const given = await ingested([first, [refusal, last]], { ingestion });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ refused: 1 });
    const [, refused, again] = given.api.requests;
    expect((again?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('by a header that it refuses for a limit', async () => {
    const ingestion = { throttle: [{ status: 200, header: 'X-Throttled' }] };
    const refusal = json(200, { items: [] }, { 'X-Throttled': '1', 'Retry-After': '1' });
    const given = await ingested([first, [refusal, last]], { ingestion });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ refused: 1 });
  });

  test('with so much nesting around its records that it could not be written anew', async () => {
    const depth = 200_000;
    const deep = `{"deep":${'['.repeat(depth)}${']'.repeat(depth)},"items":${JSON.stringify(ALL)}}`;
    await expectAll(await ingested([{ ...json(200, null), body: deep }]));
  });

  test('by HTML in place of JSON', async () => {
    const login = plain(200, '<html><body>Sign in</body></html>', { 'Content-Type': 'text/html' });
    const { exit, message } = await ingested([login]);
    expect(exit.code).toBe(1);
    expect(message).toContain('HTML');
    expect(message).not.toContain('Sign in');
  });
});

describe('a first page that can never be read ends the run at its second look, and says what it is', () => {
  const typed = (body: string, type = 'application/json') =>
    plain(200, body, { 'Content-Type': type });

  test.each<[string, ApiAnswer, string]>([
    ['NDJSON', typed('{"id":1}\n{"id":2}\n'), 'Ask the API for JSON'],
    ['NDJSON', typed('{"id":1}\n{"id":2}\n', 'application/x-ndjson'), 'Ask the API for JSON'],
    ['UTF-16', typed('{\0"\0i\0t\0e\0m\0s\0"\0:\0[\0]\0}\0'), 'UTF-8'],
    ['an HTML document', typed('<html><body>Sign in</body></html>'), 'Check base_url'],
    ['an XML document', typed('<?xml version="1.0"?><items/>'), 'Ask the API for JSON'],
    ['CSV', typed('id,name\n1,a\n', 'text/csv'), 'Ask the API for JSON'],
  ])('%s', async (what, answer, remedy) => {
    const { exit, message, api } = await ingested([answer]);
    expect(exit.code).toBe(1);
    expect(message).toContain(`HTTP 200 with ${what}`);
    expect(message).toContain(remedy);
    expect(api.requests).toHaveLength(2);
  });
});

describe('another status of success', () => {
  const as = (status: number, answer: ApiAnswer, headers: Record<string, string> = {}) => ({
    ...answer,
    status,
    headers: { ...answer.headers, ...headers },
  });
  const pending = json(202, { status: 'running' });
  const throttled = json(206, { items: [], ok: false }, { 'Retry-After': '1' });

  test.each([201, 202, 203, 206])('%d is a page where it holds one', async (status) => {
    const given = await ingested([as(status, first), as(status, last)]);
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 0, pages: 2 });
  });

  test.each([
    ['without records', pending, {}],
    ['without a body', { ...NO_CONTENT, status: 202 }, {}],
    ['in words', plain(202, 'Accepted'), {}],
    ['where the records are to be found out', pending, { endpoint: { data_selector: null } }],
  ] as const)('202 %s is asked for again', async (_, answer, parts) => {
    const given = await ingested(
      [
        [answer, first],
        [answer, last],
      ],
      parts,
    );
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 2, refused: 0 });
  });

  test('202 that asks for a wait is asked for again behind it, though it lists no records', async () => {
    const wait = as(202, page([]), { 'Retry-After': '1' });
    const given = await ingested([first, [wait, last]]);
    await expectAll(given);
    const [, early, again] = given.api.requests;
    expect((again?.atMs ?? 0) - (early?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test('202 with an empty list is a page without records', async () => {
    const given = await ingested([as(202, page([], 2)), page(ALL)]);
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 0 });
  });

  test('without a page in it ends a run that has not begun well', async () => {
    const { exit, message, source } = await ingested([json(201, { created: 1 })]);
    expect(exit.code).toBe(1);
    expect(message).toContain(`${source.name}.items: HTTP 201, but nothing is at data_selector`);
    const empty = await ingested([{ ...NO_CONTENT, status: 206 }]);
    expect(empty.exit.code).toBe(1);
    expect(empty.message).toContain('HTTP 206: unexpected answer');
  });

  test('means what the file says of it first', async () => {
    const signs = { throttle: [{ status: 206, body_path: 'ok', equals: false }] };
    const refused = await ingested([first, [throttled, last]], { ingestion: signs });
    await expectAll(refused);
    expect(refused.exit.result).toMatchObject({ refused: 1 });

    const ends = { response_actions: [{ status_code: 206, action: 'ignore' }] };
    const whole = page(ALL, 2);
    await expectAll(await ingested([whole, as(206, page([record(9)], 3))], { endpoint: ends }));

    const fails = { response_actions: [{ content: 'running', action: 'fail' }] };
    const { exit, message } = await ingested([pending], { endpoint: fails });
    expect(exit.code).toBe(1);
    expect(message).toContain('HTTP 202, which response_actions names');
  });
});

describe('a refusal', () => {
  test.each([
    [
      '403 by its header',
      json(403, {}, { 'X-Throttled': '1' }),
      { status: 403, header: 'X-Throttled' },
    ],
    ['400 by its text', json(400, { m: 'slow down' }), { status: 400, content: 'slow down' }],
  ] as const)('of %s is one for a limit where the file says so', async (_, refusal, sign) => {
    const given = await ingested([first, [refusal, last]], { ingestion: { throttle: [sign] } });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ refused: 1 });
  });

  test('of 403 without a sign is one of the credentials', async () => {
    const { exit, source, said } = await ingested([json(403, { error: 'forbidden' })]);
    expect(exit.code).toBe(4);
    expect(said).toContain(`\${${source.prefix}_API_KEY}`);
  });

  test('is ignored, as a page without records and the last, where response_actions says so', async () => {
    const actions = { response_actions: [{ status_code: 404, action: 'ignore' }] };
    const given = await ingested([first, page([record(3)], 3), json(404, {})], {
      endpoint: actions,
    });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 0 });
  });

  test('is asked for again where response_actions says so', async () => {
    const actions = { response_actions: [{ status_code: '404', action: 'retry' }] };
    const given = await ingested([first, [json(404, {}), last]], { endpoint: actions });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 1 });
  });

  test('ends the run where response_actions says so, though it could pass', async () => {
    const actions = { response_actions: [{ status_code: 503, action: 'raise' }] };
    const { exit, message, source, api } = await ingested([busy], { endpoint: actions });
    expect(exit.code).toBe(1);
    expect(message).toContain(`${source.name}.items: HTTP 503, which response_actions names`);
    expect(api.requests).toHaveLength(1);
  });

  test('that passes costs a moment', async () => {
    const given = await ingested([first, [busy, last]]);
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ retries: 1, refused: 0 });
  });

  test('of a cursor that has expired begins the walk again, and known records are duplicates', async () => {
    const ingestion = { expired: [{ status: 410 }] };
    const given = await ingested([first, [json(410, {}), last]], { ingestion });
    await expectAll(given);
    expect(given.exit.result).toMatchObject({ duplicate: 2 });
  });
});
