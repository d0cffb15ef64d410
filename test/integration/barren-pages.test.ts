/** An API that gives new cursors for ever and no record with them. */
import { expect, test } from 'vitest';
import { useAlertReceiver } from '../support/alert-receiver.js';
import { API_KEY, environmentFor, ledgerSums, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { scriptedRows, useScriptedApi } from '../support/scripted-api.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const startApi = useScriptedApi();
const receive = useAlertReceiver(() => [API_KEY]);

test('ends the run by name with exit 1, and the stall is told before', async () => {
  const receiver = await receive();
  let cursors = 0;
  const api = await startApi({
    rows: scriptedRows(300, (row) => 1_769_541_612_369 - row),
    cursors: 'offset',
    latencyMs: 2,
    answer: (page) => {
      if (cursors++ < 2) return page;
      return { data: [], pagination: { hasMore: true, nextCursor: `offset-${1_000 + cursors}` } };
    },
  });
  const env = environmentFor(api, database, {
    ...{ BATCH_SIZE: '100', LOG_LEVEL: 'info' },
    ...{ ALERT_WEBHOOK_URL: receiver.url, ALERT_STALL_MINUTES: '0.01' },
  });
  const { code, result, stderr } = await folder.run(['ingest', '--json'], env);
  expect(code, stderr).toBe(1);
  expect(result).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/page \d+: 1000 pages in a row hold no new record/),
  });
  expect((await ledgerSums(database.pool)).pages).toBeLessThanOrEqual(1_010);
  expect(receiver.posted).toContainEqual(
    expect.objectContaining({ kind: 'stalled', action: 'trigger' }),
  );
});
