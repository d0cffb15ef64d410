/**
 * OAuth 2.0 before another fixture: a token endpoint with client credentials and with refresh tokens that
 * rotate, short-lived access tokens, and the fixture behind them.
 *
 * Source: RFC 6749, sections 4.4, 5, 6; RFC 9700, section 4.14.2 (rotation).
 */
import { randomBytes } from 'node:crypto';
import {
  type ApiAnswer,
  type ApiContract,
  type ApiRequest,
  type JsonRecord,
  json,
} from './contract.js';
import { basicCredentials, bearerToken } from './requests.js';

export interface OauthOptions {
  /** Life of an access token, whole seconds; an hour by default. */
  readonly tokenLifeSeconds?: number;
  /** Whether a refresh token is good for one use; it is by default. */
  readonly rotates?: boolean;
  /** Of the token endpoint; `OAUTH_PATH` by default. */
  readonly path?: string;
}

export interface OauthContract<Stream extends string> extends ApiContract<Stream> {
  /** The refresh token that is good now. */
  refreshToken(): string;
  /** Requests of the token endpoint so far, and those that it refused. */
  tokenRequests(): { readonly answered: number; readonly refused: number };
  /** Ends all access tokens before their time. */
  revokeAccessTokens(): void;
}

export const OAUTH_PATH = '/oauth/token';
export const OAUTH_CLIENT = { id: 'fixture-client', secret: 'fixture-secret' } as const;
const NO_STORE = { 'Cache-Control': 'no-store' };

/** Puts a token endpoint before a contract, whose own credential is good no more. */
export function oauth<Stream extends string>(
  inner: ApiContract<Stream>,
  { tokenLifeSeconds = 3_600, rotates = true, path = OAUTH_PATH }: OauthOptions = {},
): OauthContract<Stream> {
  const endsMs = new Map<string, number>();
  const counts = { answered: 0, refused: 0 };
  let refresh = secret('refresh');

  const grant = (request: ApiRequest, more: JsonRecord): ApiAnswer => {
    counts.answered++;
    const token = secret('access');
    endsMs.set(token, request.nowMs + tokenLifeSeconds * 1000);
    const body = { access_token: token, token_type: 'Bearer', expires_in: tokenLifeSeconds };
    return json(200, { ...body, ...more }, NO_STORE);
  };

  const refuse = (status: number, error: string): ApiAnswer => {
    counts.refused++;
    return json(status, { error }, NO_STORE);
  };

  const open = (request: ApiRequest): ApiAnswer | null => {
    if (request.url.pathname !== path) return null;
    const form = new URLSearchParams(request.body);
    if (request.method !== 'POST' || !isClient(request, form)) return refuse(401, 'invalid_client');
    switch (form.get('grant_type')) {
      case 'client_credentials':
        return grant(request, {});
      case 'refresh_token':
        if (form.get('refresh_token') !== refresh) return refuse(400, 'invalid_grant');
        if (rotates) refresh = secret('refresh');
        return grant(request, { refresh_token: refresh });
      default:
        return refuse(400, 'unsupported_grant_type');
    }
  };

  return {
    ...inner,
    open,
    isAuthorized: (request) => (endsMs.get(bearerToken(request) ?? '') ?? 0) > request.nowMs,
    unauthorized: {
      ...inner.unauthorized,
      status: 401,
      headers: {
        ...inner.unauthorized.headers,
        'WWW-Authenticate': 'Bearer error="invalid_token"',
      },
    },
    refreshToken: () => refresh,
    tokenRequests: () => ({ ...counts }),
    revokeAccessTokens: () => endsMs.clear(),
  };
}

/** The client names itself in the form or as HTTP basic. */
function isClient(request: ApiRequest, form: URLSearchParams): boolean {
  const basic = basicCredentials(request);
  const id = basic?.username ?? form.get('client_id');
  const password = basic?.password ?? form.get('client_secret');
  return id === OAUTH_CLIENT.id && password === OAUTH_CLIENT.secret;
}

function secret(kind: string): string {
  return `${kind}-${randomBytes(12).toString('hex')}`;
}
