/** Every text of a plan that may hold a reference, and whether what it says is a secret. */
import type { AuthPlan, Json, RequestSlot, SourcePlan, StreamPlan } from '../plan.js';
import { isSecretName } from './secret-names.js';

/**
 * `secret`: the text is one, whoever wrote it. `credential`: what a reference in it stands for is one.
 * `plain`, and `address` of the base URL: neither by its place. `path`: nor by what it looks like, for paths
 * hold ids.
 */
export type Secrecy = 'secret' | 'credential' | 'plain' | 'path' | 'address';

export type ChangeText = (text: string, secrecy: Secrecy) => string;

/** @returns the plan with each such text changed */
export function changeTexts(plan: SourcePlan, change: ChangeText): SourcePlan {
  return {
    ...plan,
    baseUrl: change(plan.baseUrl, 'address'),
    headers: changeNamed(plan.headers, change),
    auth: plan.auth === null ? null : changeAuth(plan.auth, change),
    streams: plan.streams.map((stream) => changeStream(stream, change)),
  };
}

function changeStream(stream: StreamPlan, change: ChangeText): StreamPlan {
  return {
    ...stream,
    path: change(stream.path, 'path'),
    headers: changeNamed(stream.headers, change),
    params: changeMembers(stream.params, change),
    json: changeJson(stream.json, 'plain', change),
    slots: stream.slots.map((slot) => changeSlot(slot, change)),
  };
}

/** Text beside the values that are filled in. */
function changeSlot({ at, parts }: RequestSlot, change: ChangeText): RequestSlot {
  const secrecy = at[0] === 'path' ? 'path' : secrecyOf(String(at.at(-1)), 'plain');
  const changed = parts.map((part) => (typeof part === 'string' ? change(part, secrecy) : part));
  return { at, parts: changed };
}

/** Every text of the authentication. */
export function changeAuth(auth: AuthPlan, change: ChangeText): AuthPlan {
  switch (auth.type) {
    case 'bearer':
      return { ...auth, token: change(auth.token, 'secret') };
    case 'api_key':
      return { ...auth, apiKey: change(auth.apiKey, 'secret') };
    case 'http_basic': {
      const username = change(auth.username, 'credential');
      return { ...auth, username, password: change(auth.password, 'secret') };
    }
    case 'oauth2':
      return {
        ...auth,
        tokenUrl: change(auth.tokenUrl, 'credential'),
        clientId: change(auth.clientId, 'credential'),
        clientSecret: change(auth.clientSecret, 'secret'),
        refreshToken: change(auth.refreshToken, 'secret'),
        scopes: auth.scopes.map((scope) => change(scope, 'credential')),
        extraParams: changeNamed(auth.extraParams, change, 'credential'),
      };
  }
}

function changeNamed(
  texts: Readonly<Record<string, string>>,
  change: ChangeText,
  least: Secrecy = 'plain',
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, change(text, secrecyOf(name, least))]),
  );
}

function changeMembers(
  members: Readonly<Record<string, Json>>,
  change: ChangeText,
  least: Secrecy = 'plain',
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name,
      changeJson(value, secrecyOf(name, least), change),
    ]),
  );
}

function changeJson(value: Json, secrecy: Secrecy, change: ChangeText): Json {
  if (typeof value === 'string') return change(value, secrecy);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((inner) => changeJson(inner, secrecy, change));
  return changeMembers(value, change, secrecy);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function secrecyOf(name: string, least: Secrecy): Secrecy {
  return isSecretName(name) ? 'secret' : least;
}
