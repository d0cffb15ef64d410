/**
 * Compiles to dist, then copies what tsc leaves behind (SQL, WASM, HTML). tsc emits in spite of
 * type errors, so its exit code is the gate.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ASSETS = /\.(sql|wasm|html|css)$/;
const root = new URL('..', import.meta.url).pathname;
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

for (const folder of ['src', 'workers', 'bench', 'test']) {
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    if (!ASSETS.test(entry)) continue;
    cpSync(join(root, folder, entry), join(root, 'dist', folder, entry));
  }
}
