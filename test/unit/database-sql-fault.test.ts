import { describe, expect, test } from 'vitest';
import { faultFromDatabaseError } from '../../src/core/sql-fault.js';

const withCode = (code: string, message = 'words of the server') => ({ code, message });

describe('faultFromDatabaseError', () => {
  test.each([
    '08000',
    '08006',
    '08P01',
    '57P01',
    '57P02',
    '57P03',
    '53300',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ENOTFOUND',
  ])('%s means that the database is out of reach, and is retried', (code) => {
    const fault = faultFromDatabaseError(withCode(code));
    expect(fault.code).toBe('DATABASE_UNAVAILABLE');
    expect(fault.retryable).toBe(true);
    expect(fault.message).toContain(code);
  });

  test.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Client was closed and is not queryable',
    'Client has encountered a connection error and is not queryable',
  ])('"%s" without a code means that the connection is lost', (message) => {
    expect(faultFromDatabaseError(new Error(message)).code).toBe('DATABASE_UNAVAILABLE');
  });

  test.each(['40001', '40P01', '55P03', '57014'])('%s is a conflict and is retried', (code) => {
    const fault = faultFromDatabaseError(withCode(code));
    expect(fault).toMatchObject({ code: 'DATABASE_CONFLICT', retryable: true });
  });

  test.each([
    ['53100', 'disk', true],
    ['25006', 'read only', true],
    ['28P01', 'password', false],
    ['28000', 'password', false],
    ['42501', 'right', false],
    ['3D000', 'does not exist', false],
  ])('%s is refused with a remedy of its own', (code, word, retryable) => {
    const fault = faultFromDatabaseError(withCode(code));
    expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable });
    expect(fault.message).toContain(word);
    expect(fault.remedy).not.toBe(faultFromDatabaseError(withCode('42P01')).remedy);
  });

  test('any other code is refused for good and named', () => {
    const fault = faultFromDatabaseError(withCode('42P01', 'relation "x" does not exist'));
    expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable: false });
    expect(fault.message).toContain('42P01: relation "x" does not exist');
  });

  test('a statement that mentions a terminated connection in its text is not taken for a lost one', () => {
    const fault = faultFromDatabaseError(
      withCode('22P02', 'invalid input: "connection terminated"'),
    );
    expect(fault.code).toBe('DATABASE_REFUSED');
  });

  test('an aggregate of several addresses speaks with the words of its first part', () => {
    const error = Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:5432')]), {
      code: 'ECONNREFUSED',
    });
    expect(faultFromDatabaseError(error).message).toContain('connect ECONNREFUSED ::1:5432');
  });

  test('the detail, which can quote a row, is left out', () => {
    const error = { ...withCode('23502'), detail: 'Failing row contains (secret).' };
    expect(faultFromDatabaseError(error).message).not.toContain('secret');
  });

  test('a URL that cannot be read is reported without the URL', () => {
    let thrown: unknown;
    try {
      new URL('postgresql://user:hunter2@[bad');
    } catch (error) {
      thrown = error;
    }
    const fault = faultFromDatabaseError(thrown);
    expect(fault.code).toBe('DATABASE_REFUSED');
    expect(JSON.stringify(fault)).not.toContain('hunter2');
    expect(fault.remedy).toContain('postgresql://');
  });

  test.each([null, undefined, 42, {}, 'text'])('%j is a fault too, never a crash', (value) => {
    expect(faultFromDatabaseError(value).code).toBe('DATABASE_REFUSED');
  });
});
