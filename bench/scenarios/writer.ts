/** Writer: the writer thread alone, fed with batches that were made before, against A0. */

import { formatCount } from '../../src/observe/eta.js';
import { prepareBaseline } from '../baseline.js';
import type { Bench, Section } from '../bench.js';
import { BenchError } from '../bench-error.js';
import type { BenchWriteMethod } from '../options.js';
import { ratio, seconds, spread, tenth } from '../report/figures.js';
import { rotated, type Summary, summarise, summariseKnown } from '../statistics.js';
import { feedWriter, prebuildPages, type WriterRun } from './writer-feed.js';

const EVENTS = 150_000;
const PAGE_LIMIT = 5_000;
const RUNS = 5;
const METHODS: readonly BenchWriteMethod[] = ['copy', 'insert'];

interface Measured {
  readonly name: string;
  readonly eventsPerSecond: number;
  readonly writerCpuMs: number | null;
  readonly postgresCpuMs: number | null;
  readonly round: number;
}

export async function writerScenario(bench: Bench): Promise<Section> {
  const { options, progress } = bench;
  const database = await bench.database();
  const events = options.events?.[0] ?? EVENTS;
  const limit = options.limit?.[0] ?? PAGE_LIMIT;
  const methods = options.writeMethod ?? METHODS;
  const runs = options.runs ?? RUNS;
  progress.expect(1 + (runs + 1) * (methods.length + 1));
  const [baseline, pages] = await progress.step(
    `rows and batches, ${formatCount(events)}`,
    async () =>
      [
        await prepareBaseline(events, bench.workFolder),
        await prebuildPages({ events, limit }),
      ] as const,
    () => 'ready',
  );
  const a0 = `A0 ${baseline.means}`;
  const measureOf = new Map<string, () => Promise<WriterRun>>([
    [a0, async () => ({ ...(await baseline.measure(database)), writerCpuMs: null })],
    ...methods.map((method): [string, () => Promise<WriterRun>] => [
      method,
      () => feedWriter(database, pages, method),
    ]),
  ]);
  const measured: Measured[] = [];
  for (let round = 0; round <= runs; round++) {
    for (const [name, measure] of rotated([...measureOf], round)) {
      const run = await progress.step(
        `${round === 0 ? 'warm-up' : `round ${round} of ${runs}`}, ${name}`,
        measure,
        ({ durationMs }) => `${formatCount((events * 1000) / durationMs)} events/s`,
      );
      const eventsPerSecond = (events * 1000) / run.durationMs;
      if (round > 0) measured.push({ ...run, name, eventsPerSecond, round });
    }
  }
  if (measured.length === 0) throw new BenchError('nothing was measured');
  const results = [...measureOf.keys()].map((name) => resultOf(name, a0, measured));
  return {
    name: 'writer',
    title: 'The writer thread alone',
    notes: [
      `${formatCount(events)} rows in pages of ${formatCount(limit)}, two connections, into the emptied table with its`,
      'ledger. x A0: against COPY of the same rows in the same round. CPU of the writer is that of',
      'the whole bench process meanwhile. No server takes part.',
    ],
    tables: [
      {
        title: 'Writing (medians, min-max)',
        columns: ['', 'events/s', 'min-max', 'x A0', 'min-max', 'PG CPU s', 'own CPU s'],
        rows: results.map((one) => [
          one.name,
          formatCount(one.rate.median),
          spread(one.rate),
          ratio(one.ratioToBaseline.median),
          spread(one.ratioToBaseline, ratio),
          seconds(one.postgresCpuMs?.median ?? null),
          one.writerCpuMs === null ? '–' : tenth(one.writerCpuMs.median / 1000),
        ]),
      },
    ],
    plots: [],
    figures: Object.fromEntries(
      results.flatMap(({ name, rate, ratioToBaseline }): [string, Summary][] => [
        [`${name} ${events}, events/s`, rate],
        [`${name} ${events}, x A0`, ratioToBaseline],
      ]),
    ),
    measurements: measured,
  };
}

function resultOf(name: string, a0: string, measured: readonly Measured[]) {
  const own = measured.filter((one) => one.name === name);
  const baselineOf = (round: number): number =>
    measured.find((one) => one.name === a0 && one.round === round)?.eventsPerSecond ?? Number.NaN;
  return {
    name,
    rate: summarise(own.map((one) => one.eventsPerSecond)),
    ratioToBaseline: summarise(own.map((one) => one.eventsPerSecond / baselineOf(one.round))),
    postgresCpuMs: summariseKnown(own.map((one) => one.postgresCpuMs)),
    writerCpuMs: summariseKnown(own.map((one) => one.writerCpuMs)),
  };
}
