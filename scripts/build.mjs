/**
 * Compiles to dist, then copies what tsc leaves behind (SQL, HTML, the dashboard), assembles the
 * WebAssembly and bundles the entries. tsc emits in spite of type errors, so its exit code is the
 * gate. `dist/.built` is written last: run-ingestion.sh builds again when a source is newer than it.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

const ASSETS = /\.(sql|html|css)$|^observe\/dashboard\/.*\.js$/;
const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');
const startedAt = new Date();

rmSync(stamp, { force: true });
// tsc takes nothing away: a test whose source is gone or moved would run on.
rmSync(join(root, 'dist', 'test'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

// The container's image is built without bench and test.
for (const folder of ['src', 'workers', 'bench', 'test'].filter((name) =>
  existsSync(join(root, name)),
)) {
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    if (!ASSETS.test(entry)) continue;
    cpSync(join(root, folder, entry), join(root, 'dist', folder, entry));
  }
}

await assemble(join('workers', 'fetch', 'simd'), 'page-scan');
await bundle(root);

// Dated to the start, so that a source edited while tsc ran still counts as newer.
writeFileSync(stamp, '');
utimesSync(stamp, startedAt, startedAt);

/** The .wat files of a folder, each some fields of one module, become `<name>.wasm` in its dist. */
async function assemble(folder, name) {
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.wat'));
  // Imports have to come first in a module, and declarations.wat has them.
  const fields = files.sort().map((file) => readFileSync(join(root, folder, file), 'utf8'));
  const { parseWat } = await loadAssembler();
  const module = parseWat(`${name}.wat`, `(module\n${fields.join('\n')})`, { simd: true });
  module.validate();
  writeFileSync(join(root, 'dist', folder, `${name}.wasm`), module.toBinary({}).buffer);
  module.destroy();
}

async function loadAssembler() {
  try {
    const { default: load } = await import('wabt');
    return await load();
  } catch {
    console.error('The package wabt is missing: run `npm ci --include=dev`, then build again.');
    process.exit(1);
  }
}
