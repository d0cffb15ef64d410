/** Charts: uPlot with this page's colours, a legend that reads the values, and arrow keys. */
import uPlot from '/vendor/uplot.js';

const HEIGHT = 190;
/** Counts have no marks between two whole numbers. */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((n) => n * 10 ** power),
).flat();
/** In s: marks that are read at a glance, and none below the pace of the points. */
const MINUTE = 60;
const HOUR = 3600;
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 4, 6, 12, 24, 48].map((n) => n * HOUR),
];
const FONT = '12px system-ui, sans-serif';

/**
 * @typedef {{ label: string, color: string, scale?: string, isFilled?: boolean, isStepped?: boolean,
 *   isDashed?: boolean, format: (value: number) => string }} Line
 * `color` is the name of a custom property of the style sheet.
 */

export class Chart {
  #host;
  #lines;
  #axes;
  #values = [];
  #data = [[]];
  /** @type {uPlot | null} */
  #plot = null;

  /** @param {HTMLElement} host @param {Line[]} lines @param {Record<string, (value: number) => string>} axes by scale */
  constructor(host, lines, axes) {
    this.#host = host;
    this.#lines = lines;
    this.#axes = axes;
    this.#data = [[], ...lines.map(() => [])];
    this.#buildLegend();
    host.tabIndex = 0;
    host.setAttribute('role', 'img');
    host.addEventListener('keydown', (event) => this.#onKey(event));
    host.addEventListener('blur', () => this.#plot?.setCursor({ left: -10, top: -10 }));
    new ResizeObserver(() => this.#fit()).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#rebuild());
    this.#rebuild();
  }

  /** @param {(number | null)[][]} data the instants in s, then one column a line */
  show(data) {
    this.#data = data;
    this.#plot?.setData(data);
    this.#read();
  }

  #buildLegend() {
    const legend = document.createElement('ul');
    legend.className = 'legend';
    for (const { label, color } of this.#lines) {
      const item = document.createElement('li');
      const swatch = document.createElement('i');
      swatch.className = 'swatch';
      swatch.style.background = `var(${color})`;
      const value = document.createElement('b');
      item.append(swatch, `${label} `, value);
      legend.append(item);
      this.#values.push(value);
    }
    this.#host.before(legend);
  }

  /** The legend reads the point under the cursor, else the newest. */
  #read() {
    const [instants] = this.#data;
    const index = this.#plot?.cursor.idx ?? instants.length - 1;
    const said = this.#lines.map(({ label, format }, line) => {
      const value = this.#data[line + 1][index];
      const text = value === null || value === undefined ? '–' : format(value);
      this.#values[line].textContent = text;
      return `${label} ${text}`;
    });
    this.#host.setAttribute('aria-label', `Chart: ${said.join(', ')}`);
  }

  #onKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || this.#plot === null) return;
    event.preventDefault();
    const [instants] = this.#data;
    if (instants.length === 0) return;
    const from = this.#plot.cursor.idx ?? instants.length - 1;
    const index = Math.min(instants.length - 1, Math.max(0, from + step));
    const left = this.#plot.valToPos(instants[index], 'x');
    this.#plot.setCursor({ left, top: HEIGHT / 3 });
  }

  #fit() {
    const width = this.#host.clientWidth;
    if (width > 0 && this.#plot !== null && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: HEIGHT });
    }
  }

  #rebuild() {
    this.#plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: color('--muted'), font: FONT, ticks: { show: false } };
    const grid = { stroke: color('--line'), width: 1 };
    const scales = Object.entries(this.#axes);
    this.#plot = new uPlot(
      {
        width: Math.max(200, this.#host.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        padding: [8, 8, 0, 0],
        cursor: { drag: { x: false, y: false }, points: { size: 7 } },
        scales: Object.fromEntries(
          scales.map(([name]) => [name, { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] }]),
        ),
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 26,
            space: 70,
            incrs: TIME_STEPS,
            values: timeLabels,
          },
          ...scales.map(([scale, format], index) => ({
            ...axis,
            scale,
            size: 48,
            incrs: WHOLE_STEPS,
            space: 40,
            side: index === 0 ? 3 : 1,
            grid: index === 0 ? grid : { show: false },
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))),
          })),
        ],
        series: [{}, ...this.#lines.map((line) => series(line, color))],
        hooks: { setCursor: [() => this.#read()] },
      },
      this.#data,
      this.#host,
    );
    this.#read();
  }
}

/** Clock times, with seconds only where the marks are that close. */
function timeLabels(_, ticks, __, ___, step) {
  const options = { hour: '2-digit', minute: '2-digit', hour12: false };
  if (step < 60) options.second = '2-digit';
  const format = new Intl.DateTimeFormat('en-GB', options);
  return ticks.map((tick) => format.format(tick * 1000));
}

function series(line, color) {
  const stroke = color(line.color);
  return {
    scale: line.scale ?? 'y',
    stroke,
    width: 2,
    points: { show: false },
    ...(line.isFilled ? { fill: `${stroke}22` } : {}),
    ...(line.isDashed ? { dash: [5, 4] } : {}),
    ...(line.isStepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
  };
}
