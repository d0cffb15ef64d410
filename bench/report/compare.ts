/** Holds the figures of two benches side by side: do they agree within their spread? Pure. */
import { agree, type Summary } from '../statistics.js';
import type { Table } from './table.js';

/** Figures by section and name. */
export type Figures = Readonly<Record<string, Readonly<Record<string, Summary>>>>;

/** @param earlier of the bench before */
export function compareFigures(earlier: Figures, now: Figures): Table {
  const rows: string[][] = [];
  for (const [section, figures] of Object.entries(now)) {
    for (const [name, figure] of Object.entries(figures)) {
      const before = earlier[section]?.[name];
      if (before === undefined) continue;
      rows.push([
        `${section}: ${name}`,
        short(before.median),
        short(figure.median),
        `${((figure.median / before.median - 1) * 100).toFixed(1)} %`,
        agree(before, figure) ? 'agrees' : 'DIFFERS',
      ]);
    }
  }
  return {
    title:
      rows.length === 0
        ? 'The earlier bench has none of these figures'
        : 'Against the earlier bench (agrees: one median within the spread of the other)',
    columns: ['', 'before', 'now', 'change', ''],
    rows,
  };
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(3);
}
