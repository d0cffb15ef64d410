/** Line plots as SVG text. Pure: the same points give the same text. */

/** `[x, y]`, or with a spread `[x, y, low, high]`. */
export type PlotPoint = readonly [number, number] | readonly [number, number, number, number];

export interface Series {
  readonly name: string;
  readonly points: readonly PlotPoint[];
  /** `line` marks its points; `trace` does not; `limit` is dashed and grey. @default line */
  readonly kind?: 'line' | 'trace' | 'limit';
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 340;
const LEFT = 76;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 46;
const TICKS = 6;
const LEGEND_LINE = 18;
/** Told apart by those who see colours differently, too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c6bb1'];
const LIMIT_COLOUR = '#888888';

/** Round numbers from 0 to at least `largest`. */
export function ticksUpTo(largest: number): number[] {
  const rough = Math.max(largest, Number.EPSILON) / TICKS;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((one) => one * magnitude >= rough) ?? 10) * magnitude;
  const count = Math.ceil(largest / step);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

/** A whole `<svg>` element: axes from zero, one line a series, and its legend. */
export function plotSvg(plot: Plot): string {
  const all = plot.series.flatMap(({ points }) => points);
  const xTicks = ticksUpTo(Math.max(1, ...all.map(([x]) => x)));
  const yTicks = ticksUpTo(Math.max(1, ...all.map((point) => point[3] ?? point[1])));
  const x = scale(xTicks, LEFT, WIDTH - RIGHT);
  const y = scale(yTicks, HEIGHT - BOTTOM, TOP);
  const height = HEIGHT + plot.series.length * LEGEND_LINE;
  const parts = [
    ...xTicks.map((tick) => xAxisTick(tick, x(tick))),
    ...yTicks.map((tick) => yAxisTick(tick, y(tick))),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, plot.xLabel, 'middle'),
    `<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeText(plot.yLabel)}</text>`,
    ...plot.series.map((series, index) => drawSeries(series, colourOf(series, index), x, y)),
    ...plot.series.map((series, index) =>
      legend(series, colourOf(series, index), HEIGHT + index * LEGEND_LINE + 8),
    ),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(plot.title)}">${parts.join('')}</svg>`;
}

export function escapeText(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

type Scale = (value: number) => number;

function scale(ticks: readonly number[], from: number, to: number): Scale {
  const largest = ticks.at(-1) || 1;
  return (value) => round(from + (value / largest) * (to - from));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function colourOf(series: Series, index: number): string {
  return series.kind === 'limit' ? LIMIT_COLOUR : (COLOURS[index % COLOURS.length] as string);
}

function drawSeries(series: Series, colour: string, x: Scale, y: Scale): string {
  const { points, kind = 'line' } = series;
  const path = points.map((point) => `${x(point[0])},${y(point[1])}`).join(' ');
  const dash = kind === 'limit' ? ' stroke-dasharray="6 4"' : '';
  const line = `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.8"${dash}/>`;
  if (kind !== 'line') return line;
  const marks = points.map((point) => {
    const [atX, atY] = [x(point[0]), y(point[1])];
    const dot = `<circle cx="${atX}" cy="${atY}" r="3.5" fill="${colour}"/>`;
    if (point[2] === undefined || point[3] === undefined) return dot;
    const whisker = `M${atX} ${y(point[2])}V${y(point[3])}M${atX - 4} ${y(point[2])}h8M${atX - 4} ${y(point[3])}h8`;
    return `<path d="${whisker}" stroke="${colour}" fill="none"/>${dot}`;
  });
  return line + marks.join('');
}

function legend({ name, kind }: Series, colour: string, atY: number): string {
  const dash = kind === 'limit' ? ' stroke-dasharray="6 4"' : '';
  return `<path d="M${LEFT} ${atY}h24" stroke="${colour}" stroke-width="2.5"${dash}/>${text(LEFT + 32, atY + 4, name, 'start')}`;
}

function xAxisTick(tick: number, at: number): string {
  return `<path d="M${at} ${TOP}V${HEIGHT - BOTTOM}" class="grid"/>${text(at, HEIGHT - BOTTOM + 16, label(tick), 'middle')}`;
}

function yAxisTick(tick: number, at: number): string {
  return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" class="grid"/>${text(LEFT - 6, at + 4, label(tick), 'end')}`;
}

function label(tick: number): string {
  return Number(tick.toPrecision(6)).toLocaleString('en-US');
}

function text(x: number, y: number, value: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escapeText(value)}</text>`;
}
