/** The bench's report: tables, plots, the page and the comparison with an earlier bench. */
import { describe, expect, test } from 'vitest';
import { copyText } from '../../bench/baseline.js';
import { readPage } from '../../bench/pages.js';
import { compareFigures } from '../../bench/report/compare.js';
import { htmlPage } from '../../bench/report/html.js';
import {
  ingestFigures,
  namesOf,
  resourceTable,
  sharedSettings,
  speedTable,
  throughputPlot,
} from '../../bench/report/ingest-tables.js';
import { plotSvg, ticksUpTo } from '../../bench/report/svg.js';
import { tableText, wrapText } from '../../bench/report/table.js';
import { summariseRounds } from '../../bench/rounds.js';
import { summarise } from '../../bench/statistics.js';
import { benchMeasurement, benchVariant } from '../support/bench-samples.js';
import { pageOfTexts, uuid } from '../support/sample-pages.js';

const variants = [benchVariant({ concurrency: 1 }), benchVariant({ concurrency: 20 })] as const;
const baseline = {
  events: 500_000,
  means: 'psql' as const,
  measure: () => Promise.reject(new Error('is not measured here')),
};
const load = (eventsPerSecond: number) => ({
  eventsPerSecond,
  durationMs: 5e8 / eventsPerSecond,
  postgresCpuMs: 1,
});
const rounds = summariseRounds(
  variants,
  [
    benchMeasurement(variants[0], 1, 10_000),
    benchMeasurement(variants[0], 2, 20_000),
    benchMeasurement(variants[1], 1, 12_500),
    benchMeasurement(variants[1], 2, 12_500),
  ],
  new Map([[baseline, [load(100_000), load(50_000)]]]),
);

describe('rounds', () => {
  test('take each ratio within its round, so that a slow round weighs on both sides alike', () => {
    const [first, second] = rounds.variants;
    expect(first?.ratioToBaseline).toMatchObject({ min: 0.5, median: 0.5, max: 0.5 });
    expect(second?.ratioToBaseline).toMatchObject({ min: 0.4, max: 0.8 });
  });

  test('leave CPU time out where it could not be read', () => {
    expect(rounds.variants[0]?.cpuMs.postgres).toBeNull();
    expect(rounds.variants[0]?.cpuMs.ingest?.median).toBe(4000);
  });

  test('give figures under names that hold all of a variant', () => {
    const figures = ingestFigures(rounds);
    expect(figures['500000 c20 l5000 0ms auto, x A0']?.count).toBe(2);
    expect(Object.keys(figures)).toHaveLength(7);
  });
});

describe('names', () => {
  test('hold what tells the variants apart, and the note holds the rest', () => {
    expect(variants.map(namesOf(variants))).toEqual(['c1', 'c20']);
    expect(sharedSettings(variants)).toContain('limit 5000, latency 0ms, method auto');
    expect(sharedSettings(variants)).not.toContain('concurrency');
  });
});

describe('a table', () => {
  test('is no wider than a terminal, even where every property differs', () => {
    const wide = [
      benchVariant({ events: 3_000_000, isOpaque: true, writeMethod: 'insert' }),
      benchVariant({ events: 100_000, limit: 1000, concurrency: 1, latencyMs: 100 }),
    ];
    const result = summariseRounds(
      wide,
      wide.flatMap((variant) => [
        benchMeasurement(variant, 1, 60_000),
        benchMeasurement(variant, 2, 75_000),
      ]),
      new Map([[baseline, [load(100_000), load(50_000)]]]),
    );
    for (const table of [speedTable(result), resourceTable(result)]) {
      const lines = tableText(table).split('\n');
      expect(lines).toHaveLength(3 + table.rows.length);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    }
  });

  test('has its figures at the right edge of their column', () => {
    const table = {
      title: 'T',
      columns: ['', 'rate'],
      rows: [
        ['a', '1'],
        ['long', '12,345'],
      ],
    };
    expect(tableText(table).split('\n').slice(3)).toEqual(['a          1', 'long  12,345']);
  });

  test('has notes that keep to the width and lose no word', () => {
    const text = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
    const lines = wrapText(text).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.join(' ')).toBe(text);
  });
});

describe('a plot', () => {
  test('has round ticks that reach the largest value', () => {
    expect(ticksUpTo(47_000)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
    expect(ticksUpTo(0.5).at(-1)).toBeGreaterThanOrEqual(0.5);
  });

  test('draws a mark and a whisker for each median', () => {
    const svg = plotSvg(throughputPlot(rounds, 'concurrency', 'concurrency'));
    expect(svg.match(/<circle /g)).toHaveLength(2);
    expect(svg).toContain('A0, 500,000 events');
    expect(svg).not.toContain('NaN');
  });

  test('takes names as text, not as markup', () => {
    const plot = {
      title: '"a"',
      xLabel: '<x>',
      yLabel: 'y & z',
      series: [{ name: '<script>', points: [[0, 0] as const] }],
    };
    expect(plotSvg(plot)).not.toMatch(/<script|<x>|y & z/);
  });
});

test('the page holds tables and plots and asks for nothing from elsewhere', () => {
  const page = htmlPage({ title: 'Bench', lines: ['a < b'], warning: 'busy' }, [
    {
      name: 'matrix',
      title: 'Matrix',
      notes: ['note'],
      tables: [speedTable(rounds)],
      plots: [throughputPlot(rounds, 'concurrency', 'concurrency')],
      figures: {},
      measurements: [],
    },
  ]);
  expect(page).toContain('a &lt; b');
  expect(page).toContain('class="warning"');
  expect(page).toMatch(/<svg[\s\S]*<\/svg>/);
  expect(page).not.toMatch(/(?:src|href)=|url\(|@import/);
});

test('a comparison says which figures moved out of their spread', () => {
  const earlier = { matrix: { a: summarise([1, 2, 3]), b: summarise([1, 2, 3]) } };
  const now = { matrix: { a: summarise([2, 3, 4]), b: summarise([7, 8, 9]), c: summarise([1]) } };
  const verdicts = compareFigures(earlier, now).rows.map((row) => [row[0], row[4]]);
  expect(verdicts).toEqual([
    ['matrix: a', 'agrees'],
    ['matrix: b', 'DIFFERS'],
  ]);
});

test('rows for COPY keep every byte of a record that has escapes', () => {
  const record = `{"id":"${uuid(1)}","timestamp":1769541612369,\t"name":"a\\n\\\\b ä"}`;
  const body = Buffer.from(pageOfTexts([record]));
  const proved = readPage(body);
  if (proved === null) throw new Error('the sample is no page');
  const [id, instant, data] = copyText({ body, proved }).slice(0, -1).split('\t') as string[];
  expect([id, instant]).toEqual([uuid(1), '2026-01-27T19:20:12.369Z']);
  const unescaped = data?.replace(/\\(.)/g, (_, letter) => (letter === 't' ? '\t' : letter));
  expect(unescaped).toBe(record);
});
