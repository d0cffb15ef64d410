/**
 * Breaks a real cluster again and again, and prints what came of it as a table: `npm run test:cluster`, with RUNS=10
 * for ten of each kind. Needs a build, and redis-server.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lines = join(root, 'reports', 'cluster-faults.jsonl');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');

mkdirSync(join(root, 'reports'), { recursive: true });
rmSync(lines, { force: true });
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project', 'faults', 'dist/test/faults/cluster-'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, FAULT_TABLE: lines } },
);
if (existsSync(lines)) console.log(`\n${table(readFileSync(lines, 'utf8'))}`);
process.exitCode = status ?? 1;

/** @param text a line of JSON for each run */
function table(text) {
  const kinds = new Map();
  for (const line of text.trimEnd().split('\n')) {
    const run = JSON.parse(line);
    kinds.set(run.kind, [...(kinds.get(run.kind) ?? []), run]);
  }
  const rows = [...kinds]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, runs]) => row(kind, runs));
  return [
    '| fault | runs | rows lost | rows doubled | requests refused | pages asked for again | taken over after |',
    '| --- | --: | --: | --: | --: | --: | --: |',
    ...rows,
  ].join('\n');
}

function row(kind, runs) {
  const sum = (figure) => runs.reduce((total, run) => total + run[figure], 0);
  const takeoversS = runs.flatMap(({ takeoverMs }) =>
    takeoverMs === null ? [] : [takeoverMs / 1000],
  );
  const range = [Math.min(...takeoversS), Math.max(...takeoversS)].map((s) => s.toFixed(1));
  const takeover = takeoversS.length === 0 ? '' : `${[...new Set(range)].join(' to ')} s`;
  const cells = [
    kind,
    runs.length,
    sum('lost'),
    sum('doubled'),
    sum('refused'),
    sum('askedAgain'),
    takeover,
  ];
  return `| ${cells.join(' | ')} |`;
}
