/** What a page shows, made from the JSON that an API would send. */
import type { PageFacts } from '../../src/paging/page-kind.js';

export interface SampleFacts {
  readonly body?: unknown;
  /** In place of `body`, for numbers that JavaScript would round. */
  readonly bodyText?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly records?: readonly unknown[];
  readonly recordCount?: number;
  readonly lastRecordText?: string;
  readonly url?: string;
  readonly cursor?: string | null;
  readonly size?: number | null;
  readonly fingerprint?: string;
}

export function pageFacts(sample: SampleFacts = {}): PageFacts {
  const {
    body = {},
    headers = {},
    records = [],
    url = 'https://api.example.com/v1/items',
  } = sample;
  const text = sample.bodyText ?? JSON.stringify(body);
  const last = records.at(-1);
  return {
    ...{ body: JSON.parse(text), url, status: 200 },
    recordCount: sample.recordCount ?? records.length,
    cursor: sample.cursor ?? null,
    size: sample.size ?? null,
    bodyText: () => text,
    header: (name) => headers[name] ?? null,
    fingerprint: () => sample.fingerprint ?? null,
    lastRecordText: () =>
      sample.lastRecordText ?? (last === undefined ? null : JSON.stringify(last)),
  };
}
