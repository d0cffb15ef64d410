/** A page of another origin must not read the dashboard by a name of its own (DNS rebinding). */
import { describe, expect, test } from 'vitest';
import { KnownHosts } from '../../src/observe/known-hosts.js';
import { readConfig } from '../support/datasync.js';

const LOCAL = ['localhost', 'localhost:8080', 'LOCALHOST.', 'a.localhost:1', '127.0.0.1:8080'];
const LOOPBACK = [...LOCAL, '127.8.9.10', '[::1]', '[::1]:8080', '[0:0:0:0:0:0:0:1]'];
const STRANGE = [
  ...['evil.example', 'evil.example:8080', 'localhost.evil.example', '127.0.0.1.evil.example'],
  ...[
    'evil.example@localhost',
    'localhost:8080:1',
    'localhost/',
    '',
    ' ',
    'localhost,evil.example',
  ],
  ...['2130706433', '0x7f.1', '[::1', '::1', '[evil.example]', 'localhost:x'],
];
const FOREIGN_ADDRESSES = ['192.0.2.7:8080', '[2001:db8::1]:8080', '0.0.0.0:8080'];

describe('a server on loopback', () => {
  const hosts = new KnownHosts({ host: '127.0.0.1', allowed: [] });

  test.each(LOOPBACK)('answers to %s', (header) => expect(hosts.has(header)).toBe(true));

  test.each([...STRANGE, ...FOREIGN_ADDRESSES])('does not answer to "%s"', (header) => {
    expect(hosts.has(header)).toBe(false);
  });

  test('answers where no name is given, for no browser leaves it out', () => {
    expect(hosts.has(undefined)).toBe(true);
  });
});

describe('a server on all addresses', () => {
  const hosts = new KnownHosts({ host: '0.0.0.0', allowed: ['assignment-ingestion'] });

  test.each([...LOOPBACK, ...FOREIGN_ADDRESSES, 'assignment-ingestion:8080'])(
    'answers to %s: nobody else can point an address here',
    (header) => expect(hosts.has(header)).toBe(true),
  );

  test.each(STRANGE)('does not answer to "%s"', (header) => {
    expect(hosts.has(header)).toBe(false);
  });
});

test('a server on one address or name answers to it', () => {
  const names = new KnownHosts({ host: 'Runs.Example', allowed: [] });
  expect([names.has('runs.example:80'), names.has('other.example')]).toEqual([true, false]);
  const address = new KnownHosts({ host: '192.0.2.7', allowed: [] });
  expect([address.has('192.0.2.7:1'), address.has('192.0.2.8:1')]).toEqual([true, false]);
});

test('the setting takes names, and neither ports nor addresses of pages', () => {
  const read = (text: string) => readConfig({ HTTP_ALLOWED_HOSTS: text }, {});
  expect(read('a.example, b-2 ,')).toMatchObject({
    config: { httpAllowedHosts: ['a.example', 'b-2'] },
  });
  for (const wrong of ['a.example:80', 'http://a.example', 'a b']) {
    expect(read(wrong)).toMatchObject({ ok: false, faults: [{ setting: 'HTTP_ALLOWED_HOSTS' }] });
  }
});
