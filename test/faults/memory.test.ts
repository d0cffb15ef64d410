/** Memory stays bounded whatever the pages turn out to weigh. */
import { afterEach, expect, test } from 'vitest';
import type { FixtureServer } from '../support/fixture-server.js';
import { API_KEY, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { startSwellingApi } from '../support/swelling-api.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const EVENTS = 37_000;
/** The program, a page, its predecessor before it is collected, and what the credits permit. */
const PEAK_BYTES_MAX = 450_000_000;

let api: FixtureServer | null = null;
afterEach(async () => {
  await api?.close();
});

test.each([true, false])(
  'pages that jump from small to 59 MB, their length announced: %s',
  async (saysLength) => {
    const swelling = {
      events: EVENTS,
      smallPages: 30,
      together: 5,
      eventBytes: 59_000,
      saysLength,
    };
    api = await startSwellingApi(swelling);
    const exit = await folder.run(['ingest', '--json'], {
      TARGET_API_KEY: API_KEY,
      API_BASE_URL: `${api.origin}/api/v1`,
      DATABASE_URL: database.connectionString,
      BATCH_SIZE: '1000',
      LOG_LEVEL: 'info',
    });
    expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
    expect(exit.result).toMatchObject({ status: 'complete', eventsIngested: EVENTS });
    expect(Number(exit.result?.peakRssBytes)).toBeLessThan(PEAK_BYTES_MAX);
  },
);
