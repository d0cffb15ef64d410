/** The plan of the authentication: what the file leaves out is a reference to a variable of the source. */
import type { AuthPlan } from '../plan.js';
import { addressFault } from './base-url.js';
import type { AuthFields } from './client-shape.js';
import type { FieldPath, FileNotes } from './file-note.js';
import { hasReference, variable } from './references.js';

type Block = Exclude<AuthFields, string>;

/** Life of a token whose answer names none, as dlt has it. */
const TOKEN_LIFE_SECONDS = 3600;

/** Of variables: `oauth-rt` has OAUTH_RT_TOKEN. */
export function variablePrefix(sourceName: string): string {
  return sourceName.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

/** @param at where it stands in the file */
export function planAuth(
  fields: AuthFields,
  at: FieldPath,
  sourceName: string,
  notes: FileNotes,
): AuthPlan {
  const auth: Block = typeof fields === 'string' ? { type: fields } : fields;
  const secret = (field: string, value: string | null | undefined, suffix: string): string => {
    const reference = variable(`${variablePrefix(sourceName)}_${suffix}`);
    if (value == null) return reference;
    if (value !== '' && !hasReference(value)) {
      notes.warn([...at, field], 'a secret is written into the file', `write ${reference}`);
    }
    return value;
  };
  switch (auth.type) {
    case undefined:
    case 'bearer':
      return { type: 'bearer', token: secret('token', auth.token, 'TOKEN') };
    case 'api_key':
      return {
        type: 'api_key',
        name: auth.name ?? 'Authorization',
        apiKey: secret('api_key', auth.api_key, 'API_KEY'),
        location: auth.location === 'param' ? 'query' : (auth.location ?? 'header'),
      };
    case 'http_basic':
      return {
        type: 'http_basic',
        username: auth.username ?? variable(`${variablePrefix(sourceName)}_USERNAME`),
        password: secret('password', auth.password, 'PASSWORD'),
      };
    case 'oauth2_client_credentials':
      checkAddress(auth.access_token_url, [...at, 'access_token_url'], notes);
      return {
        type: 'oauth2',
        grant: 'client_credentials',
        tokenUrl: auth.access_token_url,
        clientId: auth.client_id,
        clientSecret: secret('client_secret', auth.client_secret, 'CLIENT_SECRET'),
        refreshToken: '',
        scopes: [],
        extraParams: texts(auth.access_token_request_data),
        clientAuth: 'body',
        accessTokenName: 'access_token',
        expiresInName: 'expires_in',
        defaultExpirationSeconds: auth.default_token_expiration ?? TOKEN_LIFE_SECONDS,
      };
    case 'oauth2': {
      checkAddress(auth.token_url, [...at, 'token_url'], notes);
      const grant = auth.grant_type ?? 'client_credentials';
      const isRefresh = grant === 'refresh_token';
      if (!isRefresh && auth.refresh_token != null) {
        notes.fault([...at, 'refresh_token'], 'is of no use without grant_type refresh_token');
      }
      return {
        type: 'oauth2',
        grant,
        tokenUrl: auth.token_url,
        clientId: auth.client_id,
        clientSecret: secret('client_secret', auth.client_secret, 'CLIENT_SECRET'),
        refreshToken: isRefresh ? secret('refresh_token', auth.refresh_token, 'REFRESH_TOKEN') : '',
        scopes: [auth.scopes ?? []].flat().flatMap((scope) => scope.split(/\s+/).filter(Boolean)),
        extraParams: texts(auth.extra_token_request_params),
        clientAuth: auth.client_auth_method ?? 'body',
        accessTokenName: auth.access_token_name ?? 'access_token',
        expiresInName: auth.expires_in_name ?? 'expires_in',
        defaultExpirationSeconds: TOKEN_LIFE_SECONDS,
      };
    }
  }
}

function checkAddress(address: string, at: FieldPath, notes: FileNotes): void {
  const fault = addressFault(address);
  if (fault !== null) notes.fault(at, fault);
}

/** Names and values that are sent as text. */
export function texts(
  values: Readonly<Record<string, string | number | boolean>> | null | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [name, String(value)]),
  );
}
