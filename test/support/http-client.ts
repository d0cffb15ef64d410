/** Asks the program's HTTP server, and waits for what it says next. */
import { get } from 'node:http';
import type { IngestProcess } from './ingest-process.js';
import { type Family, parsePrometheus } from './prometheus-text.js';

const DEADLINE_MS = 60_000;

/** Where a program says that it listens. */
export async function addressOf(child: IngestProcess): Promise<string> {
  const { url } = await child.untilLog('http_listening');
  return String(url);
}

export async function untilReady(url: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!(await fetch(`${url}/readyz`)).ok) {
    if (performance.now() > deadlineMs) throw new Error('it did not get ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function scrape(url: string): Promise<Map<string, Family>> {
  const answer = await fetch(`${url}/metrics`);
  return parsePrometheus(await answer.text());
}

/** The sum of a metric's samples that have these labels. */
export function total(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(name.replace(/_(?:bucket|sum|count)$/, '')) ?? families.get(name);
  const wanted = (family?.samples ?? []).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (wanted.length === 0) throw new Error(`there is no ${name} ${JSON.stringify(labels)}`);
  return wanted.reduce((sum, { value }) => sum + value, 0);
}

/** The first snapshot of the event stream that is wanted. */
export async function untilSnapshot<T>(
  url: string,
  isWanted: (snapshot: T) => boolean,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const request = get(`${url}/events`, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const messages = text.split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) {
          const data = /^event: snapshot\ndata: (.*)$/.exec(message)?.[1];
          if (data === undefined) continue;
          const snapshot = JSON.parse(data) as T;
          if (!isWanted(snapshot)) continue;
          resolve(snapshot);
          request.destroy();
        }
      });
    });
    const timer = setTimeout(
      () => request.destroy(new Error('no such snapshot came')),
      DEADLINE_MS,
    );
    request.on('error', reject).on('close', () => clearTimeout(timer));
  });
}
