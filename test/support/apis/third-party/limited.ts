/** Any contract behind a limiter that others wrote: express-rate-limit or @fastify/rate-limit. */
import type { ServerResponse } from 'node:http';
import fastifyRateLimit from '@fastify/rate-limit';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import fastify from 'fastify';
import type { ApiAnswer, ApiContract, ApiRequest, QuotaOption } from '../contract.js';
import { type ApiServer, type OpenEntry, readRequest, serve } from '../serve.js';

export type ExpressHeaders = 'legacy' | 'draft-6' | 'draft-7' | 'draft-8';
/** `legacy`: `x-ratelimit-*`; `draft`: `ratelimit-*`. */
export type FastifyHeaders = 'legacy' | 'draft';

/** The contract's answers and credentials, without its own limits and faults, behind express-rate-limit. */
export function startBehindExpressRateLimit<Stream extends string>(
  contract: ApiContract<Stream>,
  { quota, windowMs }: QuotaOption,
  headers: ExpressHeaders,
): Promise<ApiServer<Stream>> {
  const app = express();
  const entries = new WeakMap<object, OpenEntry>();
  const limiter = rateLimit({
    limit: quota,
    windowMs,
    legacyHeaders: headers === 'legacy',
    standardHeaders: headers === 'legacy' ? false : headers,
  });
  app.use(limiter, async (message, response) => {
    const request = await readRequest(message);
    if (request === null) return;
    const answer = answerOf(contract, request, entries.get(message));
    response.status(answer.status).set(answer.headers).send(answer.body);
  });
  return serve(
    (message, response, logged) => {
      entries.set(message, logged);
      noteRefusals(response, logged);
      app(message, response);
    },
    (stream) => contract.streams[stream].records,
  );
}

/** The same behind @fastify/rate-limit. */
export async function startBehindFastifyRateLimit<Stream extends string>(
  contract: ApiContract<Stream>,
  { quota, windowMs }: QuotaOption,
  headers: FastifyHeaders,
): Promise<ApiServer<Stream>> {
  const app = fastify();
  const entries = new WeakMap<object, OpenEntry>();
  await app.register(fastifyRateLimit, {
    max: quota,
    timeWindow: windowMs,
    enableDraftSpec: headers === 'draft',
  });
  // The contract reads bodies itself.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.all('/*', async ({ raw }, reply) => {
    const request = await readRequest(raw);
    if (request === null) return reply;
    const answer = answerOf(contract, request, entries.get(raw));
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  await app.ready();
  return serve(
    (message, response, logged) => {
      entries.set(message, logged);
      noteRefusals(response, logged);
      app.routing(message, response);
    },
    (stream) => contract.streams[stream].records,
  );
}

function noteRefusals(response: ServerResponse, logged: OpenEntry): void {
  response.once('prefinish', () => {
    if (response.statusCode === 429) logged.refusedBy = 'requests';
  });
}

function answerOf<Stream extends string>(
  contract: ApiContract<Stream>,
  request: ApiRequest,
  logged: OpenEntry | undefined,
): ApiAnswer {
  const isAuthorized = contract.isAuthorized(request);
  if (logged !== undefined) logged.isAuthorized = isAuthorized;
  return isAuthorized ? contract.answer(request) : contract.unauthorized;
}
