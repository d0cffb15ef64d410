/**
 * Limiters: cold starts behind limiters that other people wrote, each in a process of its own, and
 * whether the promise of each is kept by the server's own count.
 */
import type { Bench, Section } from '../bench.js';
import { LIMITERS, type LimiterSpec } from '../limiters/catalogue.js';
import { permitsText } from '../limiters/permits.js';
import { percent, ratio, seconds } from '../report/figures.js';
import { type Summary, summariseKnown } from '../statistics.js';
import { type LimitersMeasurement, measureLimiter } from './limiters-run.js';

const RUNS = 1;

export async function limitersScenario(bench: Bench): Promise<Section> {
  const { progress, options } = bench;
  const database = await bench.database();
  const runs = options.runs ?? RUNS;
  const specs = LIMITERS.filter(({ name }) => options.limiters?.includes(name) ?? true);
  progress.expect(specs.length * runs);
  const measurements: LimitersMeasurement[] = [];
  for (let round = 1; round <= runs; round++) {
    for (const spec of specs) {
      const measured = await progress.step(
        `round ${round} of ${runs}, ${spec.name}`,
        () => measureLimiter(bench, database, spec),
        (one) => `${ratio(one.share)} used, ${one.refused} refused, ${verdictOf(one)}`,
      );
      measurements.push(measured);
    }
  }
  const kept = measurements.filter((one) => one.broken.length === 0).length;
  return {
    name: 'limiters',
    title: "Behind other people's limiters",
    notes: [
      `The promise is kept in ${kept} of ${measurements.length} runs, one after another, each a cold start.`,
      'requests: all that the server saw; used: what its policy permits at best until the last request',
      'that had to wait, over the time that this took; later: the same from the middle on; said: by the',
      'program; seconds: from the first to the last accepted request; floor: the least that the policy',
      'permits.',
      'told: the answers tell quota and reset before a refusal. Then 0.97 is used (0.93 with windows',
      'under 3 s) and none refused, else 0.85 and at most 3 %; said is within 0.02 of used.',
      'The last column names what was not kept; "no end": given up after three times the floor and 30 s.',
    ],
    tables: [
      {
        title: 'The promise (one line a run)',
        columns: [
          '',
          'limit',
          'told',
          'requests',
          'refused',
          '%',
          'used',
          'later',
          'said',
          'seconds',
          'floor',
          'promise',
        ],
        rows: specs.flatMap((spec) =>
          measurements.filter(({ name }) => name === spec.name).map((one) => rowOf(spec, one)),
        ),
      },
    ],
    plots: [],
    figures: figuresOf(specs, measurements),
    measurements,
  };
}

function rowOf({ name, limits, isTold }: LimiterSpec, one: LimitersMeasurement): string[] {
  const requests = one.accepted + one.refused;
  return [
    name,
    permitsText(limits),
    isTold ? 'yes' : 'no',
    String(requests),
    String(one.refused),
    percent(one.refused / Math.max(1, requests)).replace(' %', ''),
    ratio(one.share),
    ratio(one.laterShare),
    ratio(one.saidShare),
    seconds(one.tookMs),
    seconds(one.floorMs),
    verdictOf(one),
  ];
}

function verdictOf(one: LimitersMeasurement): string {
  return one.broken.length === 0 ? 'kept' : one.broken.join(', ');
}

function figuresOf(
  specs: readonly LimiterSpec[],
  measurements: readonly LimitersMeasurement[],
): Record<string, Summary> {
  return Object.fromEntries(
    specs.flatMap(({ name }) => {
      const own = measurements.filter((one) => one.name === name);
      const used = summariseKnown(own.map((one) => one.share));
      const refused = summariseKnown(own.map((one) => one.refused));
      return [
        ...(used === null ? [] : [[`${name}, used`, used] as const]),
        ...(refused === null ? [] : [[`${name}, refused`, refused] as const]),
      ];
    }),
  );
}
