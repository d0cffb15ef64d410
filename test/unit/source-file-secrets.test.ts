// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets look like templates.
/** Authentication of a source file, and the secrets that its plan refers to. */
import { describe, expect, test } from 'vitest';
import { referencesIn } from '../../src/source/file/references.js';
import { type Reference, resolveSecrets, secretReferences } from '../../src/source/file/secrets.js';
import type { AuthPlan } from '../../src/source/plan.js';
import { faultTexts, fileWith, planOf, warningTexts } from '../support/source-files.js';

const withAuth = (auth: string) =>
  `client: { base_url: "https://a.b", auth: ${auth} }\nresources: [x]\n`;

const oauth = {
  type: 'oauth2',
  grant: 'client_credentials',
  tokenUrl: 'https://a.b/token',
  clientId: 'me',
  clientSecret: '${MY_API_CLIENT_SECRET}',
  refreshToken: '',
  scopes: [],
  extraParams: {},
  clientAuth: 'body',
  accessTokenName: 'access_token',
  expiresInName: 'expires_in',
  defaultExpirationSeconds: 3600,
} as const;

const planned: readonly (readonly [string, AuthPlan])[] = [
  ['bearer', { type: 'bearer', token: '${MY_API_TOKEN}' }],
  ['{ token: "${T}" }', { type: 'bearer', token: '${T}' }],
  [
    'api_key',
    { type: 'api_key', name: 'Authorization', apiKey: '${MY_API_API_KEY}', location: 'header' },
  ],
  [
    '{ type: api_key, name: key, location: param }',
    { type: 'api_key', name: 'key', apiKey: '${MY_API_API_KEY}', location: 'query' },
  ],
  [
    '{ type: http_basic, username: me }',
    { type: 'http_basic', username: 'me', password: '${MY_API_PASSWORD}' },
  ],
  [
    '{ type: oauth2_client_credentials, access_token_url: "https://a.b/token", client_id: me, access_token_request_data: { scope: read, n: 1 }, default_token_expiration: 60 }',
    { ...oauth, extraParams: { scope: 'read', n: '1' }, defaultExpirationSeconds: 60 },
  ],
  ['{ type: oauth2, token_url: "https://a.b/token", client_id: me }', oauth],
  [
    '{ type: oauth2, token_url: "https://a.b/token", client_id: me, grant_type: refresh_token, scopes: "a b", client_auth_method: basic, access_token_name: t, expires_in_name: e, extra_token_request_params: { audience: x } }',
    {
      ...oauth,
      grant: 'refresh_token',
      refreshToken: '${MY_API_REFRESH_TOKEN}',
      scopes: ['a', 'b'],
      clientAuth: 'basic',
      accessTokenName: 't',
      expiresInName: 'e',
      extraParams: { audience: 'x' },
    },
  ],
];

test('a plan names what its authentication refers to, each once', () => {
  const auth = '{ type: http_basic, username: "${U}", password: "${file:/p} ${U}" }';
  expect(planOf(withAuth(auth)).credentials).toEqual(['${U}', '${file:/p}']);
  expect(planOf(fileWith('name: x')).credentials).toEqual([]);
});

test.each(planned)('auth: %s', (written, plan) => {
  expect(planOf(withAuth(written), 'my-api').auth).toEqual(plan);
  expect(warningTexts(withAuth(written), 'my-api')).toEqual([]);
});

describe('faults', () => {
  test.each([
    ['{ type: digest }', 'client.auth.type: takes one of'],
    ['{ type: basic }', 'did you mean http_basic?'],
    ['{ type: oauth2, client_id: me }', 'client.auth.token_url: is missing'],
    ['{ type: oauth2, token_url: /token, client_id: me }', 'begins with https://'],
    [
      '{ type: oauth2, token_url: "https://a.b", client_id: me, refresh_token: x }',
      'is of no use without grant_type refresh_token',
    ],
    [
      '{ token: \'dlt.secrets["x"]\' }',
      'a secret in the form of dlt is not read here; write ${NAME}',
    ],
    ['{ token: "{{ secrets.x }}" }', 'a secret in double braces is not read here; write ${NAME}'],
    ['{ token: "${not a name}" }', 'is no reference; write ${NAME}'],
    ['{ token: "${file:}" }', 'is no reference'],
  ])('%s', (written, expected) => {
    expect(faultTexts(withAuth(written)).join('\n')).toContain(expected);
  });

  test('a reference where none is resolved', () => {
    expect(faultTexts(fileWith('name: a, table_name: "${T}"'))).toEqual([
      'sample.yaml:2: resources[0].table_name: a reference is not resolved in this field; write the value',
    ]);
  });
});

describe('a secret that is written into the file gets a warning, without the secret', () => {
  test.each([
    [withAuth('{ token: hunter2 }'), 'client.auth.token', 'write ${SAMPLE_TOKEN}'],
    [
      withAuth('{ type: http_basic, username: u, password: hunter2 }'),
      'password',
      'SAMPLE_PASSWORD',
    ],
    [
      'client: { base_url: "https://a.b", headers: { X-Api-Key: hunter2 } }\nresources: [a]\n',
      'X-Api-Key',
      'write ${NAME}',
    ],
    [
      fileWith('name: a, endpoint: { params: { access_token: hunter2 } }'),
      'access_token',
      'write ${NAME}',
    ],
    [
      fileWith('name: a, endpoint: { headers: { Authorization: hunter2 } }'),
      'Authorization',
      'write ${NAME}',
    ],
    [fileWith('name: a, endpoint: { json: { password: hunter2 } }'), 'password', 'write ${NAME}'],
  ])('%#', (text, field, advice) => {
    const [warning, ...others] = warningTexts(text);
    expect(others).toEqual([]);
    expect(warning).toContain(field);
    expect(warning).toContain(advice);
    expect(warning).not.toContain('hunter2');
  });

  test('a password that is empty is none', () => {
    expect(warningTexts(withAuth('{ type: http_basic, username: k, password: "" }'))).toEqual([]);
  });
});

describe('references', () => {
  test('of a text, several and with text around them', () => {
    expect(referencesIn('a${X}b${file:/run/secrets/y z}c $Z {W}')).toEqual([
      { kind: 'variable', name: 'X' },
      { kind: 'file', path: '/run/secrets/y z' },
    ]);
  });

  const text = `client:
  base_url: https://\${SHOP}.example.com/
  headers: { X-Token: 'v1 \${TOKEN}', accept: '\${ACCEPT}' }
  auth: { type: http_basic, username: '\${USER}/token', password: '\${file:/run/secrets/p}' }
resources:
  - name: a
    endpoint:
      path: '\${REPO}/x'
      params: { api_key: '\${KEY}', repo: '\${REPO}' }
      json: { deep: [{ secret: '\${DEEP}' }], plain: '\${PLAIN}' }
`;
  const lookUp = (reference: Reference) =>
    reference.kind === 'variable' ? reference.name.toLowerCase() : 'file-content\n';

  test('of a plan, each once', () => {
    const names = secretReferences(planOf(text)).map((one) =>
      one.kind === 'variable' ? one.name : one.path,
    );
    expect(names.toSorted()).toEqual(
      [
        '/run/secrets/p',
        'ACCEPT',
        'DEEP',
        'KEY',
        'PLAIN',
        'REPO',
        'SHOP',
        'TOKEN',
        'USER',
      ].toSorted(),
    );
  });

  test('are replaced in all places, and the secrets among them are told', () => {
    const resolved = resolveSecrets(planOf(text), lookUp);
    if (resolved.type !== 'resolved') throw new Error(resolved.type);
    const { plan, secrets } = resolved;
    expect(plan).toMatchObject({
      baseUrl: 'https://shop.example.com',
      headers: { 'X-Token': 'v1 token', accept: 'accept' },
      auth: { username: 'user/token', password: 'file-content' },
    });
    expect(plan.streams[0]).toMatchObject({
      path: 'repo/x',
      params: { api_key: 'key', repo: 'repo' },
      json: { deep: [{ secret: 'deep' }], plain: 'plain' },
    });
    expect(secrets.toSorted()).toEqual(['deep', 'file-content', 'key', 'token', 'user']);
  });

  test('that are not set are told of together', () => {
    const plan = planOf(text);
    const result = resolveSecrets(plan, (one) =>
      one.kind === 'variable' && ['KEY', 'SHOP'].includes(one.name) ? null : lookUp(one),
    );
    expect(result).toEqual({
      type: 'missing',
      references: [
        { kind: 'variable', name: 'SHOP' },
        { kind: 'variable', name: 'KEY' },
      ],
    });
  });

  test('a secret that is written into the file is one too', () => {
    const resolved = resolveSecrets(planOf(withAuth('{ token: hunter2 }')), () => null);
    expect(resolved).toMatchObject({ type: 'resolved', secrets: ['hunter2'] });
  });

  test('a variable that is named as a secret is one in a path and an address too', () => {
    const file = `
client: { base_url: 'https://api.example.com/bot\${BOT_TOKEN}' }
resources: [{ name: a, endpoint: { path: '\${SHOP}/\${APP_KEY}/items', params: { q: '\${FILTER}' } } }]
`;
    const named = (one: Reference) => (one.kind === 'variable' ? `is ${one.name}` : null);
    expect(resolveSecrets(planOf(file), named)).toMatchObject({
      type: 'resolved',
      secrets: ['is BOT_TOKEN', 'is APP_KEY'],
    });
  });

  test.each([
    ['sk_live_4eC39HqLyjWDarjtT1zdp7dc', true],
    ['d41d8cd98f00b204e9800998ecf8427e', true],
    ['dGhpcyBpcyBhIHRva2Vu+/0=', true],
    ['abcd1234', false],
    ['someone/something', false],
    ['eu-central-1.production', false],
    ['a text of several words 123', false],
    ['12345678901234567890', false],
    ['-12.50000', false],
    ['2024-01-31', false],
    ['2024-01-31T12:00:00Z', false],
    ['https://a.b/c', false],
  ])('a variable that holds %s may be a secret, whatever its name: %s', (value, expected) => {
    const file = 'name: a, endpoint: { params: { tok: "${S_TOK}" } }';
    const resolved = resolveSecrets(planOf(fileWith(file)), () => value);
    expect(resolved).toMatchObject({ secrets: expected ? [value] : [] });
  });

  test('those that are secrets for certain keep their numbers, which cursors are kept with', () => {
    const file = 'name: a, endpoint: { params: { a: "${FIRST}", token: "${SECOND}" } }';
    const resolved = resolveSecrets(planOf(fileWith(file)), (one) =>
      one.kind === 'variable' ? `value1of2${one.name}3xyz` : null,
    );
    expect(resolved).toMatchObject({ secrets: ['value1of2SECOND3xyz', 'value1of2FIRST3xyz'] });
  });

  test('the host of an address is none, nor is a path below it; its own path may be', () => {
    const file =
      'client: { base_url: "https://${SHOP}.a.b:80/v1/${TENANT}" }\n' +
      'resources: [{ name: a, endpoint: "lists/${LIST}" }]\n';
    const resolved = resolveSecrets(planOf(file), (one) =>
      one.kind === 'variable' ? `${one.name.toLowerCase()}2f8a6c1e9b7d4f30` : null,
    );
    expect(resolved).toMatchObject({ secrets: ['tenant2f8a6c1e9b7d4f30'] });
  });

  test('an address with a password is refused, whoever wrote it, and the password is not shown', () => {
    const resolved = resolveSecrets(
      planOf('client: { base_url: "${URL}" }\nresources: [a]\n'),
      () => 'https://me:hunter2@a.b/',
    );
    if (resolved.type !== 'unusable') throw new Error(resolved.type);
    expect(resolved.message).toContain('use auth of the type http_basic');
    expect(resolved.message).not.toContain('hunter2');
  });

  test('a variable may hold the whole address, which is checked then', () => {
    const plan = planOf('client: { base_url: "${URL}" }\nresources: [a]\n');
    expect(resolveSecrets(plan, () => 'https://a.b/')).toMatchObject({
      type: 'resolved',
      plan: { baseUrl: 'https://a.b' },
    });
    expect(resolveSecrets(plan, () => 'nowhere')).toMatchObject({
      type: 'unusable',
      message: expect.stringContaining(
        'client.base_url takes an address that begins with https://',
      ),
    });
  });
});
