/** One HTTP server for each way in which a limiter is served. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import fastifyRateLimit from '@fastify/rate-limit';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import fastify from 'fastify';
import { preciseNowMs } from '../../src/simulator/simulator.js';
import type { ExpressHeaders, LimiterSpec, Serving } from './catalogue.js';
import type { PageMaker } from './page-maker.js';
import type { Permit } from './permits.js';

/** The one path that is limited. */
export const EVENTS_PATH = '/api/v1/events';
const JSON_TYPE = 'application/json';
const BAD_CURSOR = JSON.stringify({ error: 'Bad Request', code: 'CURSOR_INVALID_FORMAT' });

/** @returns what answers a server's requests */
export async function listenerFor(
  { serving, limits }: LimiterSpec,
  pages: PageMaker,
): Promise<RequestListener> {
  switch (serving.with) {
    case 'express-rate-limit':
      return expressListener(serving.headers, windowsOf(limits), pages);
    case '@fastify/rate-limit':
      return fastifyListener(serving.isDraft, windowsOf(limits), pages);
    case 'model':
      return modelListener(serving, pages);
  }
}

type Window = Extract<Permit, { kind: 'window' }>;

function windowsOf(limits: readonly Permit[]): Window[] {
  return limits.filter((limit) => limit.kind === 'window');
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://127.0.0.1').searchParams;
}

function expressListener(
  headers: ExpressHeaders,
  windows: readonly Window[],
  pages: PageMaker,
): RequestListener {
  const app = express();
  for (const { quota, windowMs } of windows) {
    const limiter = rateLimit({
      limit: quota,
      windowMs,
      identifier: `${quota}-in-${windowMs / 1000}sec`,
      legacyHeaders: headers === 'legacy',
      standardHeaders: headers === 'legacy' || headers === 'silent' ? false : headers,
    });
    app.use(limiter);
  }
  app.get(EVENTS_PATH, (request, response) => {
    const page = pages.page(queryOf(request));
    response
      .status(page === null ? 400 : 200)
      .type(JSON_TYPE)
      .send(page ?? BAD_CURSOR);
  });
  return app;
}

async function fastifyListener(
  isDraft: boolean,
  windows: readonly Window[],
  pages: PageMaker,
): Promise<RequestListener> {
  const app = fastify();
  for (const { quota, windowMs } of windows) {
    await app.register(fastifyRateLimit, {
      max: quota,
      timeWindow: windowMs,
      enableDraftSpec: isDraft,
    });
  }
  app.get(EVENTS_PATH, (request, reply) => {
    const page = pages.page(queryOf(request.raw));
    return reply
      .code(page === null ? 400 : 200)
      .type(JSON_TYPE)
      .send(page ?? BAD_CURSOR);
  });
  await app.ready();
  return (request, response) => app.routing(request, response);
}

function modelListener(
  { limiter, answerMs }: Extract<Serving, { with: 'model' }>,
  pages: PageMaker,
): RequestListener {
  const model = limiter();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { accepted, status, headers } = model.accept(preciseNowMs());
    if (!accepted) {
      response.writeHead(status, { ...headers, 'Content-Type': 'text/plain' });
      response.end('refused by the limiter\n');
      return;
    }
    response.once('close', () => model.release(preciseNowMs()));
    if (answerMs > 0) await delay(answerMs);
    const page = pages.page(queryOf(request));
    response.writeHead(page === null ? 400 : 200, { ...headers, 'Content-Type': JSON_TYPE });
    response.end(page ?? BAD_CURSOR);
  };
  return (request, response) => void answer(request, response);
}
