// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
/** What answers mean by the rules of a source file. */
import { describe, expect, test } from 'vitest';
import { AnswerSigns } from '../../src/source/answer-signs.js';
import { planOf } from '../support/source-files.js';

const FILE = `
client: { base_url: 'https://api.example.com', auth: { token: '\${CRM_KEY}' } }
resources:
  - name: deals
    endpoint:
      data_selector: data
      response_actions:
        - { status_code: 404, action: ignore }
        - { status_code: 503, action: fail }
        - { content: try later, action: retry }
x-ingestion:
  throttle: [{ status: 200, body_path: ok, equals: false }, { header: X-Slow }]
  expired: [{ status: 410 }]
`;

const signs = (): AnswerSigns => {
  const plan = planOf(FILE, 'crm');
  const [stream] = plan.streams;
  if (stream === undefined) throw new Error('the file has a stream');
  return new AnswerSigns(plan, stream);
};

const refusal = (status: number, body = '', headers: Readonly<Record<string, string>> = {}) => ({
  ...{ status, body, isLimited: false },
  header: (name: string) => headers[name] ?? null,
});

const seen = (json: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  ...{ status: 200, json, text: JSON.stringify(json) },
  header: (name: string) => headers[name] ?? null,
});

describe('a refusal', () => {
  test('is what the file says', () => {
    expect(signs().isIgnored(refusal(404))).toBe(true);
    expect(signs().isIgnored(refusal(410))).toBe(false);
    expect(signs().faultOf(refusal(503))).toMatchObject({ code: 'CONTRACT', retryable: false });
    expect(signs().faultOf(refusal(409, 'try later'))).toMatchObject({
      code: 'HTTP_STATUS',
      retryable: true,
    });
    expect(signs().faultOf(refusal(400, '', { 'x-slow': '1' }))).toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect(signs().faultOf(refusal(410))).toMatchObject({ code: 'CURSOR_EXPIRED' });
  });

  test('of the credentials names the source and what its file refers to', () => {
    const { code, message, remedy } = signs().faultOf(refusal(401));
    expect({ code, message }).toEqual({
      code: 'CREDENTIALS',
      message: 'crm.deals: HTTP 401: the API refused the key',
    });
    expect(remedy).toBe(
      'Check client.auth in the file of the source crm, and what it refers to: ${CRM_KEY}',
    );
  });
});

describe('an answer of success', () => {
  test('is a refusal by a sign in its body', () => {
    expect(signs().faultIn(seen({ ok: false }))).toMatchObject({ code: 'RATE_LIMITED' });
    expect(signs().faultIn(seen({ ok: true, data: [] }))).toBeNull();
  });

  test('is a refusal by a header', () => {
    const answer = seen({ ok: true, data: [] }, { 'x-slow': '1' });
    expect(signs().faultIn(answer)).toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('without records is no page, and its fields are named', () => {
    expect(signs().withoutRecords({ error: 's3cret', status: 7 }, 200)).toMatchObject({
      code: 'NOT_A_PAGE',
      message:
        'crm.deals: HTTP 200, but nothing is at data_selector data in a JSON object with the fields error, status',
    });
  });

  test('of 202 without records has none yet, whatever it holds', () => {
    const fault = { code: 'HTTP_STATUS', retryable: true, status: 202 };
    expect(signs().withoutRecords({ job: 7 }, 202)).toMatchObject(fault);
  });
});
