/** Reads Prometheus's text format, strictly: what the format forbids is an error. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|NaN|[+-]Inf)$/i;

/** @throws Error that names the line which breaks the format */
export function parsePrometheus(text: string): Map<string, Family> {
  const families = new Map<string, Family & { samples: Sample[] }>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | null = null;
  let current: (Family & { samples: Sample[] }) | null = null;
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') help = { name, text: rest };
    else if (kind === 'TYPE') {
      if (help?.name !== name || families.has(name)) throw new Error(`out of place: ${line}`);
      current = { name, help: help.text, type: rest, samples: [] };
      families.set(name, current);
    } else {
      const sample = readSample(line);
      if (current === null || !belongs(sample.name, current)) throw new Error(`orphan: ${line}`);
      const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(key)) throw new Error(`twice: ${line}`);
      seen.add(key);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function readSample(line: string): Sample {
  const [, name, labelText = '', valueText = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined || !VALUE.test(valueText)) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  let length = 0;
  for (const match of labelText.matchAll(LABEL)) {
    labels[match[1] ?? ''] = match[2] ?? '';
    length += match[0].length;
  }
  if (length !== labelText.length) throw new Error(`labels: ${line}`);
  return { name, labels, value: Number(valueText.replace('Inf', 'Infinity')) };
}

function belongs(sample: string, { name, type }: Family): boolean {
  if (type !== 'histogram') return sample === name;
  return [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sample);
}

/** Buckets never fall, and the last holds all. */
function checkHistogram({ name, samples }: Family): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples.filter((each) => each.name === `${name}_bucket`)) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, buckets] of series) {
    const rises = buckets.every(({ value }, index) => value >= (buckets[index - 1]?.value ?? 0));
    const count = samples.find(
      (each) =>
        each.name === `${name}_count` && JSON.stringify(Object.entries(each.labels).sort()) === key,
    );
    const last = buckets.at(-1);
    if (!rises || last?.labels.le !== '+Inf' || last.value !== count?.value) {
      throw new Error(`the buckets of ${name} ${key} do not add up`);
    }
  }
}
