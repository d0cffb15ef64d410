/** `client` of a source file: where the API is, what each request carries, who asks. */
import * as z from 'zod/mini';
import { anyText, block, listOf, namedTexts, oneOf, takes, text, whole } from './field-kinds.js';
import { paginatorShape } from './paginator-shape.js';

const bearer = block({ type: z.optional(z.literal('bearer')), token: z.nullish(anyText) });
const apiKey = block({
  type: z.literal('api_key'),
  name: z.nullish(text),
  api_key: z.nullish(anyText),
  location: z.nullish(oneOf('header', 'query', 'param', 'cookie')),
});
const basic = block({
  type: z.literal('http_basic'),
  username: z.nullish(anyText),
  password: z.nullish(anyText),
});
const clientCredentials = block({
  type: z.literal('oauth2_client_credentials'),
  access_token_url: text,
  client_id: text,
  client_secret: z.nullish(anyText),
  access_token_request_data: z.nullish(namedTexts),
  default_token_expiration: z.nullish(whole(1)),
});
const oauth2 = block({
  type: z.literal('oauth2'),
  token_url: text,
  client_id: text,
  client_secret: z.nullish(anyText),
  refresh_token: z.nullish(anyText),
  grant_type: z.nullish(oneOf('client_credentials', 'refresh_token')),
  scopes: z.nullish(z.union([text, listOf(text, 'texts')], takes('a text or a list of texts'))),
  access_token_name: z.nullish(text),
  expires_in_name: z.nullish(text),
  extra_token_request_params: z.nullish(namedTexts),
  client_auth_method: z.nullish(oneOf('body', 'basic')),
});

const AUTH_WORDS = takes('the name of a kind of authentication, or a block with its type');
const authShape = z.union(
  [
    oneOf('bearer', 'api_key', 'http_basic'),
    z.discriminatedUnion('type', [bearer, apiKey, basic, clientCredentials, oauth2], AUTH_WORDS),
  ],
  AUTH_WORDS,
);

export const clientShape = block({
  base_url: text,
  headers: z.nullish(namedTexts),
  auth: z.nullish(authShape),
  paginator: z.nullish(paginatorShape),
});

export type AuthFields = z.infer<typeof authShape>;
