/** What V8 is told of a process that may wait for long before its run begins: a worker, a standby, a schedule. */
import { expect, test } from 'vitest';
import { environmentFor, useEmptyTables, useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const database = useEmptyTables();
const simulate = useSimulator();
const folder = useIngestFolder();

/** Says on standard error when V8 is told of a flag. */
const TELL_FLAGS = `data:text/javascript,
  import v8 from 'node:v8';
  import { syncBuiltinESMExports } from 'node:module';
  const set = v8.setFlagsFromString;
  v8.setFlagsFromString = (flag) => {
    process._rawDebug(JSON.stringify({ event: 'flag_set', message: flag }));
    set(flag);
  };
  syncBuiltinESMExports();`.replaceAll('\n', ' ');

test('that idle memory is collected once it hears at the start, for later V8 would end the process', async () => {
  const simulator = await simulate({ events: 2_000 });
  const environment = environmentFor(simulator, database);
  const flags = [`--import=${TELL_FLAGS}`];
  const { code, stderr } = await folder.run(['ingest', '--json'], environment, flags);
  expect(code, stderr).toBe(0);
  const lines = stderr.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const { event, message } = JSON.parse(line) as { event: string; message: string };
    return [event === 'flag_set' ? message : event];
  });
  expect(lines[0]).toBe('--memory-reducer-single-gc');
  expect(lines.filter((line) => line === lines[0])).toHaveLength(1);
  expect(lines).toContain('ingestion_started');
});
