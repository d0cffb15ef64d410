/** Parser: the scanner and the envelope alone, against JSON.parse of the same pages. */
import type { Bench, Section } from '../bench.js';
import { BenchError } from '../bench-error.js';
import { forEachPage, readPage } from '../pages.js';
import { ratio, spread } from '../report/figures.js';
import { rotated, type Summary, summarise } from '../statistics.js';

const EVENTS = 100_000;
const PAGE_LIMIT = 5_000;
const RUNS = 7;
const WARM_UPS = 3;
const REFERENCE = 'JSON.parse';

interface Page {
  readonly body: Buffer;
  readonly rowCount: number;
  columns: ArrayBuffer;
}

interface Way {
  readonly name: string;
  /** @returns how many records it found; null where it does not count them */
  readonly read: (page: Page) => number | null;
}

const WAYS: readonly Way[] = [
  {
    name: 'scanner, envelope',
    read(page) {
      const proved = readPage(page.body, page.columns);
      if (proved !== null) page.columns = proved.columns;
      return proved?.rowCount ?? 0;
    },
  },
  {
    name: REFERENCE,
    read: ({ body }) => (JSON.parse(body.toString('utf8')) as { data: unknown[] }).data.length,
  },
  {
    name: 'UTF-8 decoding alone',
    read: ({ body }) => (body.toString('utf8').length > 0 ? null : 0),
  },
];

export async function parserScenario(bench: Bench): Promise<Section> {
  const { options, progress } = bench;
  const runs = options.runs ?? RUNS;
  const events = options.events?.[0] ?? EVENTS;
  const limit = options.limit?.[0] ?? PAGE_LIMIT;
  progress.expect(2);
  const pages: Page[] = [];
  await progress.step(
    'pages',
    () =>
      forEachPage({ events, limit }, ({ body, proved }) => {
        pages.push({ body, rowCount: proved.rowCount, columns: proved.columns });
      }),
    () => `${pages.length} of up to ${limit} events`,
  );
  const times = new Map<string, number[]>(WAYS.map(({ name }) => [name, []]));
  await progress.step(
    'reading',
    async () => {
      for (let round = -WARM_UPS; round < runs; round++) {
        for (const way of rotated(WAYS, round + WARM_UPS)) {
          const ms = msAPage(way, pages);
          if (round >= 0) times.get(way.name)?.push(ms);
        }
      }
    },
    () => 'done',
  );
  const results = WAYS.map(({ name }) => ({ name, ms: summarise(times.get(name) ?? []) }));
  const referenceMs = results.find(({ name }) => name === REFERENCE)?.ms.median ?? Number.NaN;
  const pageBytes = pages.reduce((sum, { body }) => sum + body.length, 0) / pages.length;
  return {
    name: 'parser',
    title: 'Reading a page, without network and database',
    notes: [
      `${pages.length} pages of up to ${limit} events and ${(pageBytes / 1e6).toFixed(2)} MB, one thread, buffers reused. The scanner`,
      'gives columns, ids and instants; JSON.parse gives objects from which these are yet to be made.',
    ],
    tables: [
      {
        title: 'Milliseconds a page (median, min-max)',
        columns: ['', 'ms a page', 'min-max', 'MB/s', 'times as fast'],
        rows: results.map(({ name, ms }) => [
          name,
          ms.median.toFixed(2),
          spread(ms, (value) => value.toFixed(2)),
          (pageBytes / 1000 / ms.median).toFixed(0),
          ratio(referenceMs / ms.median),
        ]),
      },
    ],
    plots: [],
    figures: Object.fromEntries(
      results.map(({ name, ms }): [string, Summary] => [`${name} l${limit}, ms a page`, ms]),
    ),
    measurements: results,
  };
}

function msAPage({ name, read }: Way, pages: readonly Page[]): number {
  const startedAtMs = performance.now();
  for (const page of pages) {
    const count = read(page);
    if (count !== null && count !== page.rowCount) {
      throw new BenchError(`${name} found ${count} of ${page.rowCount} records`);
    }
  }
  return (performance.now() - startedAtMs) / pages.length;
}
