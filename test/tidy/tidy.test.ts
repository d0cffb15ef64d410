/** The repository's own sources keep the house rules, and each rule is able to find its violation. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as rules from './rules.js';
import { codeOnly, importsOf } from './source-text.js';

const files = sourceFiles(repositoryRoot());

test('the sources are found', () => {
  expect(files.map(({ path }) => path)).toContain('src/core/fault.ts');
  expect(files.map(({ path }) => path)).toContain('test/tidy/tidy.test.ts');
});

describe('in this repository', () => {
  test('every import runs downwards', () => {
    expect(rules.forbiddenImports(files)).toEqual([]);
  });

  test('core, protocol and source ask no clock, no timer and no chance', () => {
    expect(rules.impureCalls(files)).toEqual([]);
  });

  test('core holds nothing about SQL', () => {
    expect(rules.sqlInCore(files)).toEqual([]);
  });

  test('only src/config reads the environment', () => {
    expect(rules.environmentReads(files)).toEqual([]);
  });

  test('no source is known by its name', () => {
    expect(rules.sourcesByName(files)).toEqual([]);
  });

  test('nothing but a worker entry or a tool configuration exports a default', () => {
    expect(rules.defaultExports(files)).toEqual([]);
  });

  test('every connection to PostgreSQL has the deadlines of src/postgres', () => {
    expect(rules.bareConnections(files)).toEqual([]);
  });

  test('no file is longer than 300 lines', () => {
    expect(rules.longFiles(files)).toEqual([]);
  });

  test('no type is any', () => {
    expect(rules.anyTypes(files)).toEqual([]);
  });

  test('no work is left undone', () => {
    expect(rules.unfinishedWork(files)).toEqual([]);
  });

  test('no test runs alone, and none is skipped without a reason', () => {
    expect([...rules.focusedTests(files), ...rules.silentSkips(files)]).toEqual([]);
  });
});

describe('a planted violation is found', () => {
  test.each([
    ['src/core/a.ts', 'node:fs', 'node:fs'],
    ['src/core/a.ts', '../protocol/batch.js', 'src/protocol/batch.js'],
    ['src/protocol/a.ts', 'zod', 'zod'],
    ['src/source/a.ts', 'undici', 'undici'],
    ['src/runtime/a.ts', '../database/ledger.js', 'src/database/ledger.js'],
    ['src/database/a.ts', '../../workers/writer/copy.js', 'workers/writer/copy.js'],
    ['src/simulator/a.ts', '../config/config.js', 'src/config/config.js'],
    ['src/commands/ingest.ts', '../main.js', 'src/main.js'],
    ['src/session/run-session.ts', '../commands/exit-codes.js', 'src/commands/exit-codes.js'],
    ['src/session/onlookers/a.ts', '../../main.js', 'src/main.js'],
    ['src/observe/a.ts', '../session/run-log.js', 'src/session/run-log.js'],
    ['src/main.ts', '../test/support/gate.js', 'test/support/gate.js'],
    ['workers/fetch.worker.ts', './writer/copy.js', 'workers/writer/copy.js'],
    ['workers/writer/a.ts', '../../src/runtime/a.js', 'src/runtime/a.js'],
    ['workers/fetch/a.ts', 'pino', 'pino'],
    ['workers/fetch/a.ts', '../../src/postgres/client.js', 'src/postgres/client.js'],
    ['src/postgres/a.ts', '../database/connect.js', 'src/database/connect.js'],
    ['src/queue/a.ts', '../database/ledger.js', 'src/database/ledger.js'],
  ])('%s importing %s', (path, specifier, shown) => {
    const text = `/** A header. */\nimport {\n  a,\n  b,\n} from '${specifier}';\n`;
    expect(rules.forbiddenImports([{ path, text }])).toEqual([`${path} -> ${shown}`]);
  });

  test.each([
    ['src/core/a.ts', './fault.js'],
    ['src/source/a.ts', 'zod'],
    ['src/source/a.ts', 'yaml'],
    ['workers/fetch.worker.ts', './fetch/scan.js'],
    ['workers/writer/a.ts', 'comlink/dist/esm/node-adapter.mjs'],
    ['src/runtime/a.ts', 'pino'],
    ['src/database/a.ts', './ledger.js'],
    ['src/database/a.ts', '../postgres/client.js'],
    ['src/queue/a.ts', 'bullmq'],
    ['workers/writer/a.ts', '../../src/postgres/client.js'],
    ['src/session/open-run.ts', '../database/ledger.js'],
    ['src/commands/ingest.ts', '../session/run-session.js'],
    ['src/main.ts', './commands/ingest.js'],
  ])('but %s may import %s', (path, specifier) => {
    expect(rules.forbiddenImports([{ path, text: `import '${specifier}';` }])).toEqual([]);
  });

  test('types of the configuration may reach the runtime, values may not', () => {
    const path = 'src/runtime/a.ts';
    const typeOnly = "import type { Config } from '../config/config.js';";
    expect(rules.forbiddenImports([{ path, text: typeOnly }])).toEqual([]);
    const value = "import { config } from '../config/config.js';";
    expect(rules.forbiddenImports([{ path, text: value }])).toHaveLength(1);
  });

  test('a file outside every room', () => {
    expect(rules.forbiddenImports([{ path: 'src/helper.ts', text: '' }])).toHaveLength(1);
  });

  test('re-exports and dynamic imports count as imports', () => {
    const text = "export * from 'a';\nexport type { B } from 'b';\nconst c = await import('c');\n";
    expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    'const nowMs = Date.now();',
    'const now = new Date();',
    'const t = performance.now();',
    'setTimeout(run, 5);',
    'setInterval(run, 5);',
    'const jitter = Math.random();',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is source text.
    'const text = `${Date.now()}`;',
  ])('an impure call in core: %s', (text) => {
    const found = rules.impureCalls([{ path: 'src/core/a.ts', text }]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^src\/core\/a\.ts:1 uses .+: (?:take|return) /);
    expect(rules.impureCalls([{ path: 'src/runtime/a.ts', text }])).toEqual([]);
  });

  test('SQL in core, and nowhere else', () => {
    const text = '/** From a SQLSTATE to a fault. */\n';
    expect(rules.sqlInCore([{ path: 'src/core/a.ts', text }])).toHaveLength(1);
    expect(rules.sqlInCore([{ path: 'src/postgres/a.ts', text }])).toEqual([]);
  });

  test('the environment read outside the configuration, but not passed on', () => {
    const reads = { path: 'src/runtime/a.ts', text: 'const key = process.env.KEY;' };
    expect(rules.environmentReads([reads])).toHaveLength(1);
    const passesOn = { path: 'src/database/a.ts', text: 'spawn(a, { env: { ...process.env } });' };
    expect(rules.environmentReads([passesOn])).toEqual([]);
    expect(rules.environmentReads([{ ...reads, path: 'src/config/a.ts' }])).toEqual([]);
  });

  test('a source that is known by its name, or by its code', () => {
    const asks = "if (source === 'datasync') run();";
    const imports = "import { datasync } from '../source/datasync/datasync.js';\n";
    for (const text of [asks, imports]) {
      expect(rules.sourcesByName([{ path: 'src/session/a.ts', text }])).toHaveLength(1);
      expect(rules.sourcesByName([{ path: 'test/unit/a.ts', text }])).toEqual([]);
    }
    const path = 'workers/fetch/a.ts';
    expect(rules.sourcesByName([{ path, text: "name('datasync-writer'); // 'datasync'" }])).toEqual(
      [],
    );
  });

  test('a connection that is made anywhere but in its room', () => {
    const text = 'const pool = new pg.Pool({ max: 1 });';
    expect(rules.bareConnections([{ path: 'workers/writer/a.ts', text }])).toHaveLength(1);
    expect(rules.bareConnections([{ path: 'src/postgres/a.ts', text }])).toEqual([]);
    expect(rules.bareConnections([{ path: 'bench/a.ts', text }])).toEqual([]);
  });

  test('a default export, a long file, an any, unfinished work', () => {
    const path = 'src/runtime/a.ts';
    expect(rules.defaultExports([{ path, text: 'export default 1;' }])).toHaveLength(1);
    const entry = { path: 'workers/fetch.worker.ts', text: 'export default run;' };
    expect(rules.defaultExports([entry])).toEqual([]);
    expect(rules.longFiles([{ path, text: 'a;\n'.repeat(301) }])).toHaveLength(1);
    expect(rules.longFiles([{ path, text: 'a;\n'.repeat(300) }])).toEqual([]);
    const casts = ['const a: any = 1;', 'b as any;', 'const c: Map<string, any> = d;', 'e: any[];'];
    expect(casts.flatMap((text) => rules.anyTypes([{ path, text }]))).toHaveLength(casts.length);
    expect(rules.anyTypes([{ path, text: 'Promise.any([a]); // any\n' }])).toEqual([]);
    const words = ['TO', 'FIX'].map((start, index) => `// ${start}${['DO', 'ME'][index]} later`);
    expect(words.flatMap((text) => rules.unfinishedWork([{ path, text }]))).toHaveLength(2);
  });

  test('a focused test and a silent skip', () => {
    const path = 'test/unit/a.test.ts';
    expect(rules.focusedTests([{ path, text: "test.only('a', b);" }])).toHaveLength(1);
    expect(rules.silentSkips([{ path, text: "test.skip('a', b);" }])).toHaveLength(1);
    expect(rules.silentSkips([{ path, text: 'context.skip();' }])).toHaveLength(1);
    expect(rules.silentSkips([{ path, text: "context.skip('needs dash');" }])).toEqual([]);
    const spoken = "// reason: needs an engine\ntest.skip('a', b);";
    expect(rules.silentSkips([{ path, text: spoken }])).toEqual([]);
  });
});

test('comments, strings and patterns are not code, and what follows them is', () => {
  const text = [
    "const accept = '*/*'; Date.now();",
    '/* Date.now() */ a(/["\'`/*]/); // Date.now()',
    'const ratio = a / b / c; Date.now();',
  ].join('\n');
  const found = codeOnly(text)
    .split('\n')
    .map((line) => line.includes('Date.now()'));
  expect(found).toEqual([true, false, true]);
});

/** Up from the compiled file to the folder that holds package.json. */
function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no package.json above the tests');
    folder = parent;
  }
  return folder;
}

function sourceFiles(root: string): rules.SourceFile[] {
  const rooms = ['src', 'workers', 'bench', 'test'].filter((room) => existsSync(join(root, room)));
  return rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[cm]?ts$/.test(name))
      .map((name) => join(room, name))
      .map((path) => ({
        path: path.split(sep).join('/'),
        text: readFileSync(join(root, path), 'utf8'),
      })),
  );
}
