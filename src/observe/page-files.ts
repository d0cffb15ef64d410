/** The dashboard's files, read once: the page, its parts, and the chart library as published. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

const OWN_FILES = [
  ['/', 'index.html', HTML],
  ['/dashboard.css', 'dashboard.css', CSS],
  ...[
    'dashboard',
    'charts',
    'format',
    'live',
    'members',
    'segments',
    'runs',
    'stream',
    'streams',
  ].map((name) => [`/${name}.js`, `${name}.js`, SCRIPT] as const),
] as const;

const LIBRARY_FILES = [
  ['/vendor/uplot.js', 'uplot/dist/uPlot.esm.js', SCRIPT],
  ['/vendor/uplot.css', 'uplot/dist/uPlot.min.css', CSS],
] as const;

/** @throws the system's error when the build is not whole */
export function readPageFiles(): PageFile[] {
  const { resolve } = createRequire(import.meta.url);
  const own = OWN_FILES.map(([path, file, type]) => ({
    path,
    type,
    body: readFileSync(new URL(`./dashboard/${file}`, import.meta.url), 'utf8'),
  }));
  const library = LIBRARY_FILES.map(([path, file, type]) => ({
    path,
    type,
    body: readFileSync(resolve(file), 'utf8'),
  }));
  return [...own, ...library];
}
