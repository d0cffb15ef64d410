/** A token endpoint of OAuth 2 whose answers a test writes, and the clock that its client goes by. */
import { afterEach } from 'vitest';
import type { TokenClock } from '../../src/session/token-endpoint.js';
import { type FixtureServer, startFixtureServer } from './fixture-server.js';

export interface TokenReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** As JSON; a text as it is. */
  readonly body?: unknown;
}

export interface TokenServer extends FixtureServer {
  /** The forms that came, and the header that named the client. */
  readonly asked: readonly TokenQuestion[];
}

export interface TokenQuestion {
  readonly form: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/** @returns starts an endpoint that is closed after the test; `reply` is given the number of the request, from 1 on */
export function useTokenServer(): (
  reply: (question: TokenQuestion, nth: number) => TokenReply | Promise<TokenReply>,
) => Promise<TokenServer> {
  const open: FixtureServer[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.close()));
  });
  return async (reply) => {
    const asked: TokenQuestion[] = [];
    const server = await startFixtureServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const form = Object.fromEntries(new URLSearchParams(text));
      const question = { form, authorization: request.headers.authorization };
      const nth = asked.push(question);
      const { status = 200, headers = {}, body = {} } = await reply(question, nth);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    open.push(server);
    return { ...server, asked };
  };
}

/** Stands still but for what a test, or a wait, makes it go. */
export interface TestClock extends TokenClock {
  now: number;
  /** The waits so far, ms. */
  readonly waits: readonly number[];
}

export function testClock(): TestClock {
  const waits: number[] = [];
  return {
    now: 1_000_000,
    waits,
    nowMs() {
      return this.now;
    },
    async delay(ms) {
      waits.push(ms);
      this.now += ms;
    },
    random: () => 0.5,
  };
}
