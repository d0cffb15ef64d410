/**
 * Children: a stream that is asked for once for each row of its parent. What a child costs in memory, and of
 * the main thread, when there are many: a process of its own walks the children, after the parents are there.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Section } from '../bench.js';
import { BenchError } from '../bench-error.js';
import { withFolder } from '../measure-ingest.js';
import { type IngestRun, startChildrenServer, startIngest } from '../processes.js';
import { megabytes, spread } from '../report/figures.js';
import { type Summary, summarise } from '../statistics.js';

/** The first is what the others are held against: with as many pages a process has reached its usual size. */
const PARENTS = [20_000, 100_000];
const RUNS = 2;
const CONCURRENCY = 20;
const SOURCE = 'bench_children';
const MEGABYTE = 2 ** 20;

const FILE = {
  client: {
    base_url: 'http://127.0.0.1',
    paginator: { type: 'cursor', cursor_path: 'next', cursor_param: 'cursor' },
  },
  resource_defaults: { endpoint: { data_selector: 'data' } },
  resources: [
    { name: 'parents', primary_key: 'id' },
    {
      ...{ name: 'children', primary_key: ['_parents_id', 'n'], include_from_parent: ['id'] },
      endpoint: 'parents/{resources.parents.id}/children',
    },
  ],
};

interface ChildrenMeasurement {
  readonly parents: number;
  readonly peakMb: number;
  readonly mainMsAPage: number;
  readonly pagesPerSecond: number;
}

export async function childrenScenario(bench: Bench): Promise<Section> {
  const counts = bench.options.events ?? PARENTS;
  const measured: ChildrenMeasurement[] = [];
  for (let round = 0; round < (bench.options.runs ?? RUNS); round++) {
    for (const parents of counts) measured.push(await measure(bench, parents));
  }
  const rows = counts.map((parents) => {
    const own = measured.filter((one) => one.parents === parents);
    return {
      parents,
      peak: summarise(own.map(({ peakMb }) => peakMb)),
      main: summarise(own.map(({ mainMsAPage }) => mainMsAPage)),
      rate: summarise(own.map(({ pagesPerSecond }) => pagesPerSecond)),
    };
  });
  const base = rows[0]?.peak.median ?? Number.NaN;
  const hundredth = (value: number): string => value.toFixed(2);
  return {
    name: 'children',
    title: 'A child for each row of a parent, of one page each',
    notes: [
      `${CONCURRENCY} requests in flight at most, a server without latency.`,
      'peak: the most resident memory of the process that walks the children; main: CPU time of its main thread, from its start to its end.',
    ],
    tables: [
      {
        title: 'Memory and main thread (median, min-max)',
        columns: ['parents', 'peak', 'above the first', 'main ms a page', 'min-max', 'pages/s'],
        rows: rows.map(({ parents, peak, main, rate }) => [
          parents.toLocaleString('en-US'),
          megabytes(peak.median * MEGABYTE),
          megabytes((peak.median - base) * MEGABYTE),
          hundredth(main.median),
          spread(main, hundredth),
          String(Math.round(rate.median)),
        ]),
      },
    ],
    plots: [],
    figures: Object.fromEntries(
      rows.flatMap(({ parents, peak, main }): [string, Summary][] => [
        [`${parents} children, peak MB`, peak],
        [`${parents} children, main ms a page`, main],
      ]),
    ),
    measurements: measured,
  };
}

async function measure(bench: Bench, parents: number): Promise<ChildrenMeasurement> {
  const database = await bench.database();
  const server = await startChildrenServer(parents);
  try {
    await database.reset();
    await database.pool.query(`DROP SCHEMA IF EXISTS ${SOURCE} CASCADE`);
    const run = await withFolder(bench.workFolder, async (cwd) => {
      const path = join(cwd, `${SOURCE}.json`);
      writeFileSync(path, JSON.stringify(FILE));
      const where = { cwd, databaseUrl: database.connectionString, baseUrl: server.baseUrl };
      const flags = ['--source', path, `--concurrency=${CONCURRENCY}`, '--resource'];
      await startIngest([...flags, 'parents'], where).end();
      return startIngest([...flags, 'children'], where).end();
    });
    return measurementOf(run, parents);
  } finally {
    await server.stop();
  }
}

function measurementOf(
  { result, memory, cpuSamples }: IngestRun,
  parents: number,
): ChildrenMeasurement {
  if (result.eventsIngested !== parents) {
    throw new BenchError(`${result.eventsIngested} of ${parents} children came`);
  }
  return {
    parents,
    peakMb: Math.max(...memory.map(([, bytes]) => bytes)) / MEGABYTE,
    mainMsAPage: (cpuSamples.at(-1)?.mainMs ?? Number.NaN) / parents,
    pagesPerSecond: (parents * 1000) / result.durationMs,
  };
}
