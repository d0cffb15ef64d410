import { defineConfig } from 'vitest/config';

/** Tests run on compiled output: worker files must be JavaScript, and relative URLs then hold. */
const compiled = (name: string, folders: readonly string[], extra: object = {}) => ({
  test: { name, include: folders.map((folder) => `dist/test/${folder}/**/*.test.js`), ...extra },
});

/** Real processes; each file has a database of its own. */
const real = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  globalSetup: ['dist/test/support/stop-postgres.js'],
};

/** Where real time is measured: one file at once, and nothing beside it. */
const alone = { ...real, fileParallelism: false };

/** What takes as long as it takes, or mostly waits, for a fault to pass or a patience to end. */
const inPairs = { ...real, maxWorkers: 2 };

/** Those of the integration tests that hold a bound in real time, or count processor time. */
const timed = [
  'alerts',
  'database-embedded*',
  'explore-*',
  'ingest-kill',
  'ingest-limit',
  'ingest-signals',
  'run-ingestion',
  'simulator-command',
  'start-reservations',
  'status-watch',
].map((name) => `dist/test/integration/${name}.test.js`);

/** Projects run one after another, in this order. */
const after = (groupOrder: number) => ({ sequence: { groupOrder: groupOrder + 1 } });

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    // The counts of a run, for scripts.
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/tests.json' },
    projects: [
      // Work, not waits; a busy machine takes several times as long.
      compiled('unit', ['unit', 'property', 'tidy'], { testTimeout: 60_000 }),
      compiled('simulation', ['simulation'], { testTimeout: 120_000, ...after(0) }),
      compiled('integration', ['integration'], { ...inPairs, exclude: timed, ...after(1) }),
      compiled('timed', [], { ...alone, include: timed, ...after(2) }),
      compiled('faults', ['faults'], { ...inPairs, ...after(3) }),
      compiled('browser', ['browser'], { ...alone, ...after(4) }),
    ],
  },
});
