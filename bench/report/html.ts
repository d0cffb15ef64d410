/** The results as one HTML page that needs nothing else: style and plots are in it. Pure. */
import type { Section } from '../bench.js';
import { escapeText, type Plot, plotSvg } from './svg.js';
import type { Table } from './table.js';

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #d8dee4; --soft: #57606a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #30363d; --soft: #9198a1; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 820px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--faint); padding-top: 1rem; font-size: 1.25rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
p.note { color: var(--soft); }
p.warning { border-left: 4px solid #d55e00; padding-left: .7rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--faint); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: var(--ink); }
svg .grid { stroke: var(--faint); fill: none; }
`;

/** @param head lines about machine, versions and command; `warning` null when there is none */
export function htmlPage(
  head: {
    readonly title: string;
    readonly lines: readonly string[];
    readonly warning: string | null;
  },
  sections: readonly Section[],
): string {
  const warning =
    head.warning === null ? '' : `<p class="warning">${escapeText(head.warning)}</p>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(head.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeText(head.title)}</h1>
<p class="note">${head.lines.map(escapeText).join('<br>')}</p>
${warning}${sections.map(sectionHtml).join('\n')}
</body>
</html>
`;
}

function sectionHtml({ title, notes, tables, plots }: Section): string {
  return [
    `<h2>${escapeText(title)}</h2>`,
    `<p class="note">${escapeText(notes.join(' '))}</p>`,
    ...tables.map(tableHtml),
    ...plots
      .filter(hasPoints)
      .map((plot) => `<h3>${escapeText(plot.title)}</h3>\n${plotSvg(plot)}`),
  ].join('\n');
}

function hasPoints({ series }: Plot): boolean {
  return series.some(({ points }) => points.length > 0);
}

function tableHtml({ title, columns, rows }: Table): string {
  const cells = (tag: string, values: readonly string[]): string =>
    `<tr>${columns.map((_, index) => `<${tag}>${escapeText(values[index] ?? '')}</${tag}>`).join('')}</tr>`;
  return [
    `<h3>${escapeText(title)}</h3>`,
    `<div class="wide"><table><thead>${cells('th', columns)}</thead>`,
    `<tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody></table></div>`,
  ].join('\n');
}
