/**
 * Bundles the three entries, program and packages together: a start loads some twenty files in place
 * of four hundred. A bundle takes the place of the entry that tsc emitted; what only some commands
 * need is in `dist/chunks`. The other modules in dist are for the tests.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const ENTRIES = ['src/main', 'workers/fetch.worker', 'workers/writer.worker'];

/** Packages that look for files of their own, or are loaded only when something is configured. */
const LEFT_OUT =
  /^(?:piscina|fastify|prom-client|pino-pretty|undici|pg-native|bullmq|ioredis|@opentelemetry\/.*)$/;

/** @param root the repository's folder */
export async function bundle(root) {
  const { rolldown } = await import('rolldown');
  const written = new Set();
  // One by one: chunks cut for all three at once are more, and a start loads more of them.
  for (const entry of ENTRIES) {
    const made = await rolldown({
      cwd: root,
      input: { [entry]: `${entry}.ts` },
      platform: 'node',
      external: LEFT_OUT,
      resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
      plugins: [placesOfModules(root)],
    });
    const { output } = await made.write({
      dir: join(root, 'dist'),
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
      sourcemap: true,
      comments: { legal: true, annotation: false, jsdoc: false },
    });
    await made.close();
    for (const { fileName } of output) written.add(fileName);
  }
  // Last: a program that runs meanwhile may load a chunk at any moment.
  for (const name of readdirSync(join(root, 'dist', 'chunks'))) {
    if (!written.has(`chunks/${name}`)) rmSync(join(root, 'dist', 'chunks', name));
  }
}

/**
 * A module that looks for a file beside itself finds it from its bundle as well: bundles and chunks
 * all lie in a folder of dist, so that `..` is dist.
 */
function placesOfModules(root) {
  return {
    name: 'places-of-modules',
    load(path) {
      const module = relative(root, path);
      if (!/^(?:src|workers)\/.*\.ts$/.test(module)) return null;
      const place = `new URL('../${module.replace(/ts$/, 'js')}', import.meta.url).href`;
      return readFileSync(path, 'utf8').replaceAll('import.meta.url', place);
    },
  };
}
