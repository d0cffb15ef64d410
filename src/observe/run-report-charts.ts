/** Line charts of a run report as SVG: no script, nothing loaded, readable in light and dark. */
import { formatBytes, formatCount, formatDuration } from './eta.js';

export interface ChartSeries {
  readonly name: string;
  /** One a point of the time axis; null leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly isStepped?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly unit: 'count' | 'bytes';
  /** Epoch ms, ascending. */
  readonly atMs: readonly number[];
  /** At most four: as many have a colour. */
  readonly series: readonly ChartSeries[];
}

const WIDTH = 760;
const HEIGHT = 200;
const LEFT = 76;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 26;
const TICKS = 4;
const SHORT_MS = 10_000;

/** @returns an empty text where there are not two points to join */
export function chartSvg(chart: Chart): string {
  const first = chart.atMs[0];
  const last = chart.atMs.at(-1);
  if (first === undefined || last === undefined || last <= first) return '';
  const top = roundUp(Math.max(1, ...chart.series.flatMap(({ values }) => values.map(orZero))));
  const x = (ms: number): number => LEFT + ((ms - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const format = chart.unit === 'bytes' ? formatBytes : formatCount;
  const lines = chart.series.map(
    (series, index) => `<path class="s${index}" d="${pathOf(chart.atMs, series, x, y)}"/>`,
  );
  const grid = Array.from({ length: TICKS + 1 }, (_, tick) => {
    const value = (top * tick) / TICKS;
    const at = round(y(value));
    return `<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${at + 4}" class="end">${format(value)}</text>`;
  });
  const times = Array.from({ length: TICKS + 1 }, (_, tick) => {
    const share = tick / TICKS;
    const anchor = tick === 0 ? '' : tick === TICKS ? ' class="end"' : ' class="middle"';
    const text = tickText((last - first) * share, last - first);
    return `<text x="${round(x(first + (last - first) * share))}" y="${HEIGHT - 6}"${anchor}>${text}</text>`;
  });
  const legend =
    chart.series.length < 2
      ? ''
      : `<p class="legend">${chart.series.map(({ name }, index) => `<span class="k${index}">${name}</span>`).join(' ')}</p>`;
  return `<figure><figcaption>${chart.title}</figcaption>${legend}<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${chart.title}">${grid.join('')}${times.join('')}${lines.join('')}</svg></figure>`;
}

function pathOf(
  atMs: readonly number[],
  { values, isStepped = false }: ChartSeries,
  x: (ms: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let isDrawing = false;
  values.forEach((value, index) => {
    const ms = atMs[index];
    if (value === null || ms === undefined) {
      isDrawing = false;
      return;
    }
    const at = `${round(x(ms))}`;
    const height = `${round(y(value))}`;
    if (!isDrawing) path += `M${at} ${height}`;
    else path += isStepped ? `H${at}V${height}` : `L${at} ${height}`;
    isDrawing = true;
  });
  return path;
}

/** So that every tick is a round whole number: four times 1, 2, 2.5, 5 or their tenfolds. */
function roundUp(value: number): number {
  const least = value / TICKS;
  const ten = 10 ** Math.max(0, Math.floor(Math.log10(least)));
  const steps = [1, 2, 2.5, 5, 10].map((one) => one * ten).filter(Number.isInteger);
  return TICKS * (steps.find((step) => step >= least) ?? 10 * ten);
}

/** Ticks of a short run lie closer than the second of other durations. */
function tickText(ms: number, spanMs: number): string {
  return spanMs < SHORT_MS ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}

function orZero(value: number | null): number {
  return value ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
