import { defineConfig } from 'vitest/config';

/** Tests run on compiled output: worker files must be JavaScript, and relative URLs then hold. */
const compiled = (name: string, folders: readonly string[], extra: object = {}) => ({
  test: { name, include: folders.map((folder) => `dist/test/${folder}/**/*.test.js`), ...extra },
});

// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    // The counts of a run, for scripts.
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/tests.json' },
    projects: [
      compiled('unit', ['unit', 'property', 'tidy']),
      compiled('simulation', ['simulation'], { testTimeout: 120_000 }),
      compiled('integration', ['integration'], {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        fileParallelism: false,
        globalSetup: ['dist/test/support/stop-postgres.js'],
      }),
      compiled('browser', ['browser'], {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        fileParallelism: false,
        globalSetup: ['dist/test/support/stop-postgres.js'],
      }),
    ],
  },
});
