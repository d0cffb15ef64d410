/**
 * What is said to the token endpoint of OAuth 2, and what its answer means (RFC 6749). Nothing here
 * quotes an answer: a server may repeat what it was sent, secrets too.
 */
import * as z from 'zod/mini';
import { basicHeader } from './authentication.js';
import type { AuthPlan } from './plan.js';

export type OAuthPlan = AuthPlan & { type: 'oauth2' };

/** A POST of a form. */
export interface TokenRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type TokenAnswer =
  | {
      readonly type: 'token';
      readonly token: string;
      /** From when it was asked for. */
      readonly lifeMs: number;
      /** To be sent the next time, in place of the one that was sent; null: that one stays good. */
      readonly refreshToken: string | null;
    }
  /** Another attempt with the same would be in vain. `reason` is a part of a sentence. */
  | { readonly type: 'refused'; readonly reason: string; readonly isGrantRefused: boolean }
  /** The endpoint is not well, or wants to be asked more slowly. */
  | { readonly type: 'unwell'; readonly reason: string };

/** Other words of a server are not repeated. */
const ERROR_CODE = /^[A-Za-z][A-Za-z_-]{0,39}$/;
/** Below 500 these pass as well. */
const PASSING_STATUSES = new Set([408, 425, 429]);

const answerForm = z.record(z.string(), z.unknown());

/**
 * Parameters of the source's own replace those of the standard.
 *
 * @param auth its references to secrets resolved
 * @param refreshToken null: the client's own credentials are the grant
 */
export function tokenRequest(auth: OAuthPlan, refreshToken: string | null): TokenRequest {
  const { clientId, clientSecret, clientAuth, scopes } = auth;
  const secret: Record<string, string> = clientSecret === '' ? {} : { client_secret: clientSecret };
  const form = {
    grant_type: auth.grant,
    ...(clientAuth === 'body' && { client_id: clientId, ...secret }),
    ...(refreshToken !== null && { refresh_token: refreshToken }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...auth.extraParams,
  };
  const client =
    clientAuth === 'basic' ? basicHeader(encoded(clientId), encoded(clientSecret)) : {};
  return {
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...client,
    },
    body: new URLSearchParams(form).toString(),
  };
}

/** As a form has it: RFC 6749, 2.3.1, asks for that in a header too. */
function encoded(text: string): string {
  return new URLSearchParams({ text }).toString().slice('text='.length);
}

/** @param body the answer's text */
export function readTokenAnswer(status: number, body: string, auth: OAuthPlan): TokenAnswer {
  const fields = fieldsOf(body);
  const code = fields?.error;
  const isCode = typeof code === 'string' && ERROR_CODE.test(code);
  const said = isCode ? `HTTP ${status} ${code}` : `HTTP ${status}`;
  if (status >= 500 || PASSING_STATUSES.has(status)) return { type: 'unwell', reason: said };
  const isGrantRefused = code === 'invalid_grant';
  // Some servers refuse with 200.
  if (status < 200 || status >= 300 || isCode) {
    return { type: 'refused', reason: said, isGrantRefused };
  }
  const token = fields?.[auth.accessTokenName];
  if (typeof token !== 'string' || token === '') {
    const reason = `${said} without a text in the field "${auth.accessTokenName}"`;
    return { type: 'refused', reason, isGrantRefused };
  }
  const seconds = Number(fields?.[auth.expiresInName] ?? Number.NaN);
  const isLife = Number.isFinite(seconds) && seconds > 0;
  const lifeMs = (isLife ? seconds : auth.defaultExpirationSeconds) * 1000;
  const next = fields?.refresh_token;
  const refreshToken = typeof next === 'string' && next !== '' ? next : null;
  return { type: 'token', token, lifeMs, refreshToken };
}

function fieldsOf(body: string): Record<string, unknown> | null {
  try {
    return answerForm.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}
