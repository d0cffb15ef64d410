/**
 * Compiles to dist, then copies what tsc leaves behind (SQL, HTML, the dashboard), loads the source files
 * that come with the program (src/config/read-source.ts), and bundles the entries. tsc emits in spite of type errors, so its exit code is the
 * gate. `dist/.built` is written last: run-ingestion.sh builds again when a source is newer than it.
 *
 *   node scripts/build.mjs [--if-stale]    nothing is done where nothing has changed since
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { extname, join, parse } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';

const ASSETS = /\.(sql|html|css)$|^observe\/dashboard\/.*\.js$/;
const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');
const startedAt = new Date();

if (process.argv.includes('--if-stale') && !isStale()) process.exit(0);
rmSync(stamp, { force: true });
// tsc takes nothing away: a test whose source is gone or moved would run on.
rmSync(join(root, 'dist', 'test'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

for (const folder of folders()) {
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    if (!ASSETS.test(entry)) continue;
    cpSync(join(root, folder, entry), join(root, 'dist', folder, entry));
  }
}

await loadSources();
await bundle(root);

// Dated to the start, so that a source edited while tsc ran still counts as newer.
writeFileSync(stamp, '');
utimesSync(stamp, startedAt, startedAt);

// The container's image is built without bench and test.
function folders() {
  return ['src', 'workers', 'bench', 'test'].filter((name) => existsSync(join(root, name)));
}

/** As JSON, with the text that it was made of; references to secrets stay in place. */
async function loadSources() {
  const loader = join(root, 'dist', 'src', 'source', 'file', 'load-source.js');
  const { loadSource } = await import(pathToFileURL(loader).href);
  const into = join(root, 'dist', 'sources');
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  for (const file of readdirSync(join(root, 'sources'))) {
    if (extname(file) !== '.yaml') continue;
    const { name } = parse(file);
    const text = readFileSync(join(root, 'sources', file), 'utf8');
    const loaded = loadSource(text, { name });
    writeFileSync(join(into, `${name}.json`), JSON.stringify({ text, loaded }));
  }
}

function isStale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  return [...folders(), 'sources', 'scripts', 'tsconfig.json', 'package-lock.json'].some((name) => {
    const path = join(root, name);
    const entries = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }) : [];
    return [path, ...entries.map((entry) => join(path, entry))].some(
      (entry) => statSync(entry).mtimeMs > built,
    );
  });
}
