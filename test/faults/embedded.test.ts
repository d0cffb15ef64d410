/** The embedded server, which nobody else looks after, goes down in the middle of a run. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { findServer } from '../../src/database/server-process.js';
import { pidOf, useEmbeddedFolder } from '../support/embedded-folder.js';
import { API_KEY, useSimulator } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';

const embedded = useEmbeddedFolder();
const simulate = useSimulator();
const folder = useIngestFolder();

let programs = '';
afterEach(async () => {
  if (programs !== '') await rename(`${programs}.away`, programs).catch(() => {});
  programs = '';
});

async function startRun(changes: Readonly<Record<string, string>> = {}): Promise<IngestProcess> {
  const simulator = await simulate({ events: 60_000, eventsQuota: 10, eventsWindowMs: 500 });
  const child = folder.start(['ingest', '--json'], {
    ...{ TARGET_API_KEY: API_KEY, API_BASE_URL: simulator.baseUrl, BATCH_SIZE: '1000' },
    ...{ DATA_FOLDER: join(embedded.parent, 'data'), LOG_LEVEL: 'debug' },
    ...changes,
  });
  await child.untilLog('page_committed', { count: 5 });
  return child;
}

test('killed, it is brought up again, and the run completes', async () => {
  const child = await startRun();
  const back = child.untilLog('server_started');
  process.kill(await pidOf(embedded.dataFolder), 'SIGKILL');
  await back;
  const exit = await child.end();
  expect(exit.code, exit.stderr.slice(-3_000)).toBe(0);
  expect(exit.result).toMatchObject({ status: 'complete', eventsIngested: 60_000 });
});

test('where it cannot come up again, the run ends and names the folder that it would be in', async () => {
  const child = await startRun({ DATABASE_PATIENCE: '1' });
  const file = join(embedded.dataFolder, 'PG_VERSION');
  await rename(file, `${file}.away`);
  programs = file;
  const pid = await pidOf(embedded.dataFolder);
  process.kill(pid, 'SIGKILL');
  const exit = await child.end();
  expect(exit.code, exit.stderr.slice(-3_000)).toBe(5);
  expect(exit.stderr).toContain(embedded.dataFolder);
  expect(exit.stdout + exit.stderr).toContain('start again: that starts the embedded server');
  expect(await findServer(embedded.dataFolder)).toBeNull();
});
