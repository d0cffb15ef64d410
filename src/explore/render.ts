/** An exploration for people: a table of 80 columns for a terminal, and the same as Markdown. */

import type { Plan } from './plan.js';
import type { ExploreScope } from './probe.js';
import type { Exploration } from './schema.js';

type ShownFinding = Exploration['findings'][number];

const COLUMNS = 80;
const NAME_WIDTH = 25;
const SURE_WIDTH = 10;

/** What will be asked and what it costs, before it is. */
export function planText(plan: Plan, scope: ExploreScope): string {
  const { stream, bucket } = scope.subject;
  const others = Object.entries(plan.requests)
    .filter(([name]) => name !== bucket)
    .map(([name, count]) => `${count} of ${name}`);
  const { latencyMs, policy } = scope.expected;
  const permitted =
    policy === null
      ? ''
      : ` and ${policy.quota} requests are permitted in ${policy.windowMs / 1000} s`;
  const beside = others.length === 0 ? '' : ` (and ${others.join(', ')})`;
  const lines = [
    `At most ${plan.requests[bucket]} requests of ${stream}${beside}.`,
    `About ${plan.secondsAbout} s, if an answer takes ${latencyMs / 1000} s${permitted}.`,
    scope.doesProvoke
      ? 'Some are meant to be refused: it runs into the limit on purpose.'
      : 'None is meant to be refused.',
    ...plan.dropped.map(({ name }) => `Left out for the budget: ${name}.`),
    ...plan.unfit.map(({ name, reason }) => `Not asked: ${name} (${reason}).`),
  ];
  return [
    `Asks the API of ${scope.subject.name}, and writes nothing to it:`,
    ...plan.probes.flatMap(({ name, asks }) => columns([`  ${name}`, asks], [18])),
    ...lines.flatMap((line) => wrap(line, COLUMNS)),
  ].join('\n');
}

/** Findings, recommendations, prediction. */
export function explorationText(exploration: Exploration): string {
  const { findings, recommendations, requests } = exploration;
  const rows = findings.flatMap((finding) => {
    const isLong = finding.name.length > NAME_WIDTH;
    const cells = [isLong ? '' : finding.name, finding.confidence, valueText(finding)];
    const row = columns(cells, [NAME_WIDTH + 1, SURE_WIDTH + 1]);
    return isLong ? [finding.name, ...row] : row;
  });
  const used = requests.used[exploration.limitLog.bucket] ?? 0;
  return [
    `Findings (${used} requests of ${exploration.stream} used)`,
    ...rows,
    '',
    'Recommendations',
    ...recommendations.flatMap(({ setting, value, reason }) => [
      `  ${setting} = ${value}`,
      ...columns(['', reason], [4]),
    ]),
    '',
    ...wrap(predictionText(exploration), COLUMNS),
  ].join('\n');
}

/** The value with its unit, and what an unknown one would need. */
export function valueText(finding: ShownFinding): string {
  const { value, unit, confidence, evidence } = finding;
  if (value === null || confidence === 'unknown') return evidence;
  if (typeof value === 'boolean') return `${value ? 'yes' : 'no'} (${evidence})`;
  const number = typeof value === 'number' ? value.toLocaleString('en-US') : value;
  const withUnit = unit === undefined ? number : `${number} ${unit}`;
  return typeof value === 'number' ? `${withUnit} (${evidence})` : withUnit;
}

const BOUNDS = {
  limit: "the API's limit",
  latency: "the API's latency",
  machine: 'this machine and its database',
} as const;

function predictionText({ prediction, stream }: Exploration): string {
  if (prediction === null) {
    return `A whole ingestion: how long cannot be said, for the number of ${stream} is not known.`;
  }
  const { durationMs, records, pages, boundBy, assuming } = prediction;
  const assumed = assuming.length === 0 ? '' : ` Assuming that ${assuming.join('; that ')}.`;
  const size = `${records.toLocaleString('en-US')} ${stream}, ${pages.toLocaleString('en-US')} pages`;
  return `A whole ingestion (${size}): about ${durationText(durationMs)}, bound by ${BOUNDS[boundBy]}.${assumed}`;
}

function durationText(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function explorationMarkdown(exploration: Exploration): string {
  const { source, stream, origin, startedAt, findings, recommendations } = exploration;
  const { requests, limitLog } = exploration;
  const [used, atMost] = [requests.used[limitLog.bucket], requests.atMost[limitLog.bucket]];
  return `${[
    `# Exploration of ${source}.${stream}`,
    '',
    `${cell(origin)}, begun ${startedAt}; ${used ?? 0} requests of ${stream} used, of ${atMost ?? 0} at most.`,
    '',
    '## Findings',
    '',
    '| finding | value | how sure | evidence |',
    '| --- | --- | --- | --- |',
    ...findings.map(({ name, value, unit, confidence, evidence }) => {
      const shown = value === null ? '–' : `${value}${unit === undefined ? '' : ` ${unit}`}`;
      return `| ${name} | ${cell(shown)} | ${confidence} | ${cell(evidence)} |`;
    }),
    '',
    '## Recommendations',
    '',
    '| setting | value | reason |',
    '| --- | --- | --- |',
    ...recommendations.map(
      ({ setting, value, reason }) => `| ${setting} | ${value} | ${cell(reason)} |`,
    ),
    '',
    '## Prediction',
    '',
    predictionText(exploration),
  ].join('\n')}\n`;
}

/** Text of the API must not break the table. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
}

/** One row, its last cell broken into as many lines as it needs. */
function columns(cells: readonly string[], widths: readonly number[]): string[] {
  const left = widths.map((width, index) => (cells[index] ?? '').padEnd(width)).join('');
  const lines = wrap(cells.at(-1) ?? '', COLUMNS - left.length);
  return lines.map((line, index) =>
    `${index === 0 ? left : ' '.repeat(left.length)}${line}`.trimEnd(),
  );
}

/** Breaks at spaces; a word that is too long is cut. Control characters of the API become spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}
