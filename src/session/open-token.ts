/** The access token of a source, where it has one: kept between runs in the database. */
import type { Pool } from 'pg';
import { openCredentialStore } from '../database/credential-store.js';
import type { OAuthPlan } from '../source/token-exchange.js';
import { AccessToken, type RefreshTokenStore } from './access-token.js';
import type { SessionContext } from './context.js';
import type { OpenSource } from './open-source.js';

/** @returns null where its credentials are part of every request */
export function openToken(
  known: Pick<SessionContext, 'conceal'>,
  source: OpenSource,
  pool: Pool,
): AccessToken | null {
  const { oauth, spec } = source;
  if (oauth === null) return null;
  const store = openCredentialStore(pool, { source: spec.name, clientId: oauth.clientId });
  return tokenOf(known, source, oauth, store);
}

/**
 * For one look at the API without the database. Null too where the token is got for a refresh token: that
 * may be replaced by another one, which then has to be kept.
 */
export function passingToken(
  known: Pick<SessionContext, 'conceal'>,
  source: OpenSource,
): AccessToken | null {
  const { oauth } = source;
  if (oauth === null || oauth.grant === 'refresh_token') return null;
  return tokenOf(known, source, oauth, { load: async () => null, save: async () => {} });
}

function tokenOf(
  { conceal }: Pick<SessionContext, 'conceal'>,
  source: OpenSource,
  oauth: OAuthPlan,
  store: RefreshTokenStore,
): AccessToken {
  const { spec, sourceSpec } = source;
  return new AccessToken({
    auth: oauth,
    source: spec.name,
    references: sourceSpec.plan.credentials,
    dispatcher: source.openDispatcher({ connections: 1 }),
    isProxied: source.proxies !== null,
    store,
    conceal,
  });
}
