/** A webhook on this machine: keeps what it is sent, and answers as a test says. */
import type { ServerResponse } from 'node:http';
import { afterEach, expect } from 'vitest';
import { startFixtureServer } from './fixture-server.js';

/** Whoever has the address can post to it. */
export const WEBHOOK_TOKEN = 'wh_s3cr3t_t0ken_91c4';
const DEADLINE_MS = 30_000;

export type AlertBody = Readonly<Record<string, unknown>>;

export interface AlertReceiver {
  readonly url: string;
  /** All that was posted, taken or not, in order. */
  readonly posted: readonly AlertBody[];
  /** Those that were answered with 2xx. */
  readonly taken: readonly AlertBody[];
  /** `trigger finished` and the like, of those that were taken. */
  told(): string[];
  /** The first alert with these fields that is taken, be it before the call or after. */
  until(fields: AlertBody): Promise<AlertBody>;
}

type Answer = (response: ServerResponse, posts: number) => void;

const TAKE: Answer = (response) => response.end('ok');

/**
 * @param secrets checked after each test to be in nothing that was posted
 * @returns starts a receiver that is closed after the test
 */
export function useAlertReceiver(
  secrets: () => readonly string[],
): (answer?: Answer) => Promise<AlertReceiver> {
  const posted: AlertBody[] = [];
  const closes: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closes.splice(0).map((close) => close()));
    const text = JSON.stringify(posted.splice(0));
    for (const secret of [WEBHOOK_TOKEN, ...secrets()]) {
      expect(secret.length).toBeGreaterThan(7);
      expect(text).not.toContain(secret);
    }
  });
  return async (answer = TAKE) => {
    const taken: AlertBody[] = [];
    const waits = new Set<() => void>();
    const server = await startFixtureServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as AlertBody;
        const isAsked =
          request.method === 'POST' && request.headers['content-type'] === 'application/json';
        response.statusCode = isAsked && request.url?.endsWith(WEBHOOK_TOKEN) ? 200 : 400;
        posted.push(body);
        answer(response, posted.length);
        if (response.writableEnded && response.statusCode === 200) taken.push(body);
        for (const wake of waits) wake();
      });
    });
    closes.push(() => server.close());
    return {
      url: `${server.origin}/services/${WEBHOOK_TOKEN}`,
      posted,
      taken,
      told: () => taken.map(({ action, kind }) => `${action} ${kind}`),
      async until(fields) {
        const find = () =>
          taken.find((body) =>
            Object.entries(fields).every(([name, value]) => body[name] === value),
          );
        const timeout = AbortSignal.timeout(DEADLINE_MS);
        for (let found = find(); ; found = find()) {
          if (found !== undefined) return found;
          await new Promise<void>((resolve, reject) => {
            waits.add(resolve);
            timeout.onabort = () =>
              reject(new Error(`no ${JSON.stringify(fields)} among ${JSON.stringify(taken)}`));
          });
        }
      },
    };
  };
}
