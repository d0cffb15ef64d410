import { describe, expect, test } from 'vitest';
import { isOutOfMemory, networkFault } from '../../src/source/network-fault.js';

const TO = { address: 'https://api.test:8443', isProxied: false, setting: 'API_BASE_URL' };
const SECRET = 'GET with x-api-key: secret';
const errorOf = (code: string, message = SECRET) => Object.assign(new Error(message), { code });

describe('a failure before any head', () => {
  test.each([
    ['ECONNREFUSED', 'NETWORK', 'refused', 'API_BASE_URL'],
    ['ECONNRESET', 'NETWORK', 'cut', 'API_BASE_URL'],
    ['UND_ERR_SOCKET', 'NETWORK', 'closed', 'API_BASE_URL'],
    ['EHOSTUNREACH', 'NETWORK', 'host', 'API_BASE_URL'],
    ['EAI_AGAIN', 'NETWORK', 'DNS', 'DNS'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'NETWORK', 'Content-Length', 'API'],
    ['E_NEVER_SEEN', 'NETWORK', 'failed', 'API_BASE_URL'],
    ['ENOTFOUND', 'ADDRESS', 'DNS', 'host in API_BASE_URL'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'ADDRESS', 'TLS', 'NODE_EXTRA_CA_CERTS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'ADDRESS', 'TLS', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ADDRESS', 'TLS', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ADDRESS', 'TLS', 'NODE_EXTRA_CA_CERTS'],
    ['CERT_REVOKED', 'ADDRESS', 'TLS', 'NODE_EXTRA_CA_CERTS'],
    ['CERT_HAS_EXPIRED', 'ADDRESS', 'TLS', 'clock'],
    ['CERT_NOT_YET_VALID', 'ADDRESS', 'TLS', 'clock'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ADDRESS', 'TLS', 'name in the certificate'],
    ['EPROTO', 'ADDRESS', 'TLS', 'http: and https:'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ADDRESS', 'TLS', 'http: and https:'],
    ['HPE_INVALID_CONSTANT', 'ADDRESS', 'not HTTP', 'http: and https:'],
    ['UND_ERR_CONNECT_TIMEOUT', 'TIMEOUT', 'deadline', 'network'],
    ['ETIMEDOUT', 'TIMEOUT', 'deadline', 'network'],
    ['UND_ERR_HEADERS_TIMEOUT', 'TIMEOUT', 'deadline', 'HEAD_DEADLINE'],
  ])('%s is %s, and names address, cause and remedy', (code, kind, cause, remedy) => {
    const fault = networkFault(errorOf(code), null, TO);
    expect(fault).toMatchObject({ code: kind, retryable: true });
    expect(fault.message).toContain(`no answer from ${TO.address}: `);
    expect(fault.message).toContain(code);
    expect(fault.message).toContain(cause);
    expect(fault.remedy).toContain(remedy);
    expect(JSON.stringify(fault)).not.toContain('secret');
  });

  test.each(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EADDRNOTAVAIL', 'Z_MEM_ERROR'])(
    '%s is of this machine, and says nothing of the API',
    (code) => {
      const fault = networkFault(errorOf(code), null, TO);
      expect(fault).toMatchObject({ code: 'MACHINE', retryable: true });
      expect(fault.message).toContain('this machine');
      expect(fault.message).not.toContain(TO.address);
    },
  );

  test('is named by the first of several addresses that were tried', () => {
    const first = Object.assign(new Error('a'), { code: 'ECONNREFUSED' });
    expect(networkFault(new AggregateError([first]), null, TO).message).toContain('ECONNREFUSED');
  });

  test.each([
    'Proxy response (407) !== 200 when HTTP Tunneling',
    'Proxy Authentication Required (407)',
  ])('by a proxy that refuses names its variables: %s', (message) => {
    const fault = networkFault(errorOf('UND_ERR_ABORTED', message), null, {
      ...TO,
      isProxied: true,
      setting: 'API_BASE_URL',
    });
    expect(fault).toMatchObject({
      code: 'ADDRESS',
      remedy: expect.stringContaining('HTTPS_PROXY'),
    });
    expect(fault.message).toContain('HTTP 407');
  });

  test('where a proxy is set, its variables are named beside the rest', () => {
    const { remedy } = networkFault(errorOf('ECONNREFUSED'), null, {
      ...TO,
      isProxied: true,
      setting: 'API_BASE_URL',
    });
    expect(remedy).toMatch(/API_BASE_URL.*HTTP_PROXY/);
  });
});

test('a body that is cut off says after how much', () => {
  expect(networkFault(errorOf('ECONNRESET'), 1234, TO)).toMatchObject({
    ...{ code: 'NETWORK', message: 'the body was cut off after 1234 bytes (ECONNRESET)' },
  });
});

test.each([
  [new RangeError('Array buffer allocation failed'), true],
  [new RangeError('WebAssembly.Memory(): could not allocate memory'), true],
  [new RangeError('offset is out of bounds'), false],
  [new Error('Array buffer allocation failed'), false],
])('%s means that memory ran out: %s', (error, isOut) => {
  expect(isOutOfMemory(error)).toBe(isOut);
  expect(networkFault(error, 5, TO).code).toBe(isOut ? 'MACHINE' : 'NETWORK');
});
