/** Why a run ended or stands still, and that no secret is among the words. */
import { describe, expect, test } from 'vitest';
import { type Fault, IngestionError } from '../../src/core/fault.js';
import { endOfError, endOfOutcome, stallWords } from '../../src/observe/alerts/alert-words.js';
import { makeAlert, NO_FIGURES } from '../../src/observe/alerts/make-alert.js';
import { Redactor } from '../../src/observe/redact.js';
import { secretsOfWebhook } from '../../src/session/secrets.js';

const FAULT: Fault = { code: 'HTTP_STATUS', message: 'HTTP 503', retryable: true, status: 503 };
const REFUSED: Fault = { ...FAULT, code: 'CREDENTIALS', message: 'no', remedy: 'Check the key' };

describe('the words of an end', () => {
  test('a fault brings its remedy; one without it points to the log', () => {
    expect(endOfOutcome({ status: 'failed', fault: REFUSED })).toMatchObject({
      ...{ status: 'failed', state: 'failed', reason: 'no', next: 'Check the key' },
      isElsewhere: false,
    });
    expect(endOfOutcome({ status: 'failed', fault: FAULT }).next).toMatch(/log.*Start again/);
  });

  test('an error that carries a fault says the same; any other is a bug', () => {
    const outcome = endOfOutcome({ status: 'failed', fault: REFUSED });
    expect(endOfError(new IngestionError(REFUSED))).toEqual(outcome);
    expect(endOfError(new TypeError('x is not'))).toMatchObject({
      ...{ status: 'failed', reason: 'x is not' },
      next: expect.stringContaining('bug'),
    });
  });

  test('a pause says when another try is worth it', () => {
    const end = endOfOutcome({ status: 'paused', reason: 'spent', resumeAtMs: 5_000 });
    expect(end).toMatchObject({ state: 'paused', reason: 'spent', resumeAtMs: 5_000 });
  });

  test('a run that another instance does is elsewhere', () => {
    const fault: Fault = { ...FAULT, code: 'ALREADY_RUNNING' };
    expect(endOfError(new IngestionError(fault)).isElsewhere).toBe(true);
  });
});

describe('the words of a stall name', () => {
  const known = { stallMs: 600_000, writing: 0, fault: null };

  test.each([
    [{ ...known, waits: 'credit', fault: FAULT }, /database/],
    [{ ...known, waits: 'answer', writing: 1, fault: FAULT }, /database/],
    [{ ...known, waits: 'permit' }, /database/],
    [{ ...known, waits: 'permit', fault: FAULT }, /API: HTTP 503/],
    [{ ...known, waits: 'answer', fault: FAULT }, /API: HTTP 503/],
    [{ ...known, waits: 'slot' }, /API: it does not answer/],
  ] as const)('the place that holds it up: %o', (facts, place) => {
    const { reason, next } = stallWords(facts);
    expect(reason).toMatch(/^no record committed in 10 min 00 s/);
    expect(reason).toMatch(place);
    expect(next).not.toBe('');
  });
});

function redactorOf(secrets: readonly string[]): (text: string) => string {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.conceal(secret);
  return (text) => redactor.cleanText(text);
}

describe('secrets', () => {
  const webhook = 'https://me:p%40ss-word@hooks.example.com/services/T0/B0/s3cr3t-token?k=v';

  test('are taken out of texts, in each form, the longer first', () => {
    const redact = redactorOf(['key-1', 'key-12', '', ...secretsOfWebhook(webhook)]);
    const text = `key-1 key-12 ${webhook} p@ss-word`;
    expect(redact(text)).toBe(
      '[secret] [secret] https://[secret]@hooks.example.com/[secret] [secret]',
    );
  });

  test('a short path is no secret, and neither is a text without any', () => {
    const redact = redactorOf(secretsOfWebhook('http://127.0.0.1:9099/alerts'));
    expect(redact('the alerts of 127.0.0.1')).toBe('the alerts of 127.0.0.1');
  });

  test.each([
    ['HTTP 401 INVALID_API_KEY: the API refused the key', null],
    ['x-api-key: abc123 was sent', 'x-api-key: [secret] was sent'],
    ['TARGET_API_KEY=abc123', 'TARGET_API_KEY=[secret]'],
    ['"access_token": "abc123"', '"access_token": "[secret]"'],
    ['Authorization: Bearer abc123', 'Authorization: [secret]'],
  ])('a value stands behind its name, and an error is no name: %s', (text, redacted) => {
    expect(redactorOf([])(text)).toBe(redacted ?? text);
  });

  test('are in no text of an alert', () => {
    const alert = makeAlert(
      { action: 'trigger', kind: 'failed', isOfStart: true },
      {
        from: {
          source: 's',
          stream: 't',
          origin: 'o',
          place: 'p',
          redact: redactorOf(['hunter2']),
        },
        figures: NO_FIGURES,
        words: { state: 'failed', reason: 'hunter2 was', next: 'try hunter2', resumeAtMs: null },
        atMs: 0,
      },
    );
    expect(alert).toMatchObject({ reason: '[secret] was', next: 'try [secret]' });
    expect(alert.dedupKey).toBe('datasync/p/start/failed');
  });
});
