import { describe, expect, test } from 'vitest';
import { tlsAttempts } from '../../src/postgres/tls-modes.js';

const ADDRESS = 'postgresql://u:p%40ss@db.example:5432/a';

/** How each attempt is worded for node-postgres. */
function attempts(query: string, variables = {}): string[] {
  return tlsAttempts(`${ADDRESS}${query}`, variables).map((address) => {
    expect(address.startsWith(ADDRESS)).toBe(true);
    return new URL(address).search;
  });
}

describe('sslmode as psql means it', () => {
  test.each([
    ['', ['?sslmode=disable', '?sslmode=no-verify']],
    ['?sslmode=disable', ['?sslmode=disable']],
    ['?sslmode=allow', ['?sslmode=disable', '?sslmode=no-verify']],
    ['?sslmode=prefer', ['?sslmode=no-verify', '?sslmode=disable']],
    ['?sslmode=require', ['?sslmode=require&uselibpqcompat=true']],
    [
      '?sslmode=verify-ca&sslrootcert=ca.pem',
      ['?sslmode=verify-ca&sslrootcert=ca.pem&uselibpqcompat=true'],
    ],
    ['?sslmode=verify-full', ['?sslmode=verify-full']],
  ])('%j is tried as %j', (query, expected) => {
    expect(attempts(query)).toEqual(expected);
  });

  test('the variables count where the address says nothing', () => {
    expect(attempts('', { PGSSLMODE: 'prefer' })).toEqual([
      '?sslmode=no-verify',
      '?sslmode=disable',
    ]);
    expect(attempts('?sslmode=disable', { PGSSLMODE: 'verify-full' })).toEqual([
      '?sslmode=disable',
    ]);
    expect(attempts('', { PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca.pem' })).toEqual([
      '?sslrootcert=%2Fca.pem&sslmode=verify-full',
    ]);
    expect(attempts('?sslmode=prefer', { PGSSLROOTCERT: '/ca.pem' })).toEqual([
      '?sslmode=no-verify',
      '?sslmode=disable',
    ]);
  });

  test('words of node-postgres alone are left as they are', () => {
    expect(attempts('?ssl=no-verify')).toEqual(['?ssl=no-verify']);
    expect(attempts('?sslmode=prefer&uselibpqcompat=true')).toEqual([
      '?sslmode=prefer&uselibpqcompat=true',
    ]);
  });

  test('a socket of this machine has no TLS', () => {
    const address = 'postgresql:///a?host=/run/postgresql&sslmode=require';
    expect(tlsAttempts(address)).toEqual([
      'postgresql:///a?host=%2Frun%2Fpostgresql&sslmode=disable',
    ]);
  });

  test('what is no URL is left to node-postgres to complain of', () => {
    expect(tlsAttempts('host=db')).toEqual(['host=db']);
  });
});
