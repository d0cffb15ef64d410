import { expect, test } from 'vitest';
import { urlOf } from '../../src/observe/http-server.js';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8080'],
  ['0.0.0.0', 'http://127.0.0.1:8080'],
  ['::', 'http://127.0.0.1:8080'],
  ['192.168.7.2', 'http://192.168.7.2:8080'],
  ['fe80::1', 'http://[fe80::1]:8080'],
])('a server that listens on %s is opened at %s', (address, url) => {
  expect(urlOf({ address, port: 8080 })).toBe(url);
});
