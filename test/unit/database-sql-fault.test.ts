import { describe, expect, test } from 'vitest';
import { faultFromDatabaseError, SILENT_CODE } from '../../src/postgres/sql-fault.js';

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

describe('what shares its code with other causes is known by its words, with a remedy of its own', () => {
  const remedyOf = (code: string, message: string) => faultFromDatabaseError({ code, message });

  test.each([
    ['08P01', 'unsupported startup parameter: statement_timeout', /ignore_startup_parameters/],
    ['08P01', 'unsupported startup parameter in options: search_path', /PGOPTIONS/],
    ['', 'The server does not support SSL connections', /sslmode=prefer/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', /sslrootcert/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', /sslrootcert/],
    ['CERT_HAS_EXPIRED', 'certificate has expired', /sslrootcert/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', /sslrootcert/],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      "Hostname/IP does not match certificate's altnames: Host: db.",
      /sslrootcert/,
    ],
    ['28000', 'no pg_hba.conf entry for host "::1", user "a", no encryption', /pg_hba\.conf/],
    ['42P01', 'relation "ingested_events" does not exist', /--restart/],
    ['42P01', 'relation "ingestion_pages" does not exist', /backup/],
  ])('%s %s is refused', (code, message, remedy) => {
    const fault = remedyOf(code, message);
    expect(fault).toMatchObject({ code: 'DATABASE_REFUSED', retryable: false });
    expect(fault.remedy).toMatch(remedy);
  });

  test.each([
    ['53300', 'sorry, too many clients already', /max_connections/],
    ['53300', 'too many connections for role "ingest"', /CONNECTION LIMIT/],
    ['53300', 'remaining connection slots are reserved for roles', /WRITER_CONNECTIONS/],
    ['08P01', 'no more connections allowed (max_client_conn)', /max_connections/],
    [SILENT_CODE, 'nothing came from the server for 68 s', /STATEMENT_TIMEOUT/],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432', /PostgreSQL runs/],
  ])('%s %s is waited for', (code, message, remedy) => {
    const fault = remedyOf(code, message);
    expect(fault).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true });
    expect(fault.remedy).toMatch(remedy);
  });
});
