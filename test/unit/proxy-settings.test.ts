import { describe, expect, test } from 'vitest';
import { proxiesFor, readProxies } from '../../src/config/proxy-settings.js';
import { secretsOf } from '../../src/session/secrets.js';
import { readConfig } from '../support/datasync.js';

const HTTP = 'http://proxy.test:3128';

describe('proxies', () => {
  test.each([
    [{}, null],
    [{ NO_PROXY: '*' }, null],
    [{ HTTP_PROXY: HTTP }, { httpProxy: HTTP, httpsProxy: '', noProxy: '' }],
    [{ https_proxy: HTTP }, { httpProxy: '', httpsProxy: HTTP, noProxy: '' }],
    [
      { http_proxy: HTTP, HTTP_PROXY: 'http://other.test', no_proxy: 'a.test,.b.test' },
      { httpProxy: HTTP, httpsProxy: '', noProxy: 'a.test,.b.test' },
    ],
    [
      { HTTPS_PROXY: 'proxy.test:3128' },
      { httpProxy: '', httpsProxy: 'http://proxy.test:3128', noProxy: '' },
    ],
  ])('%j are %j', (environment, proxies) => {
    expect(readProxies(environment)).toEqual(proxies);
  });

  test('none stands before this machine', () => {
    const proxies = readProxies({ HTTP_PROXY: HTTP });
    for (const host of ['127.0.0.1:3000', '127.8.8.8', 'localhost', '[::1]:80']) {
      expect(proxiesFor(`http://${host}/api`, proxies)).toBeNull();
    }
    expect(proxiesFor('http://api.test/api', proxies)).toBe(proxies);
  });

  test.each(['ftp://proxy.test', 'http://', 'http://a b'])(
    'one that cannot be is refused by name before an API, not before the simulator: %s',
    (address) => {
      const environment = { HTTPS_PROXY: address, TARGET_API_KEY: 'k' };
      expect(readConfig(environment, {})).toMatchObject({
        faults: [{ setting: 'HTTPS_PROXY', message: expect.stringContaining('proxy') }],
      });
      expect(readConfig(environment, { simulate: true }).ok).toBe(true);
    },
  );

  test('their passwords are secrets', () => {
    const environment = { TARGET_API_KEY: 'k', HTTPS_PROXY: 'http://me:hush%40@proxy.test' };
    const read = readConfig(environment, {});
    expect(read.ok && secretsOf(read.config)).toContain('hush%40');
  });
});
