/** The source files that come with the program, each against a server that follows its API's contract. */
import { beforeEach, describe, expect, test } from 'vitest';
import { useApis } from '../support/apis/use-apis.js';
import { ledgerSums, untilDisconnected, useEmptyTables } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { SHIPPED } from '../support/shipped.js';
import {
  answeredPages,
  dropTables,
  editSource,
  expectDrained,
  sourceEnv,
} from '../support/sources.js';

const database = useEmptyTables();
const folder = useIngestFolder();
const apis = useApis();

/** Before the middle of every stream. */
const COMMITS_BEFORE_KILL = 8;
/** Records that come, and that change, between two runs. */
const [NEW, CHANGED] = [25, 3];

describe.each(SHIPPED)('$source $stream', (one) => {
  const args = ['ingest', '--source', one.source, '--stream', one.stream, '--json'];

  beforeEach(async () => {
    await dropTables(database.pool, one);
    editSource(folder, one);
  });

  test('is drained exactly, through a SIGKILL, then what is new alone, and no request is refused', async () => {
    const contract = one.contract();
    const api = await apis.start(contract);
    const env = sourceEnv(one, api, database);
    const child = folder.start(args, env);
    await child.untilLog('page_committed', { count: COMMITS_BEFORE_KILL });
    expect((await child.kill()).signal).toBe('SIGKILL');
    await untilDisconnected(database.pool);
    const { pages: resumedFrom } = await ledgerSums(database.pool);
    const lost = answeredPages(api) - resumedFrom;
    const exit = await folder.run(args, env);
    await expectDrained(api, one, { exit, folder, database });
    const { pages } = await ledgerSums(database.pool);
    expect(exit.result).toMatchObject({ status: 'complete', resumedFrom, pages });
    // What was on its way is asked for again, and nothing else.
    expect(answeredPages(api)).toBe(pages + lost);

    if (one.changed === undefined) {
      const { code, result } = await folder.run(args, env);
      expect({ code, message: result?.message }).toEqual({
        code: 0,
        message: expect.stringContaining('Run 1 is finished'),
      });
      expect(answeredPages(api)).toBe(pages + lost);
      return;
    }
    const records = contract.streams[one.records ?? one.stream];
    records?.grow(NEW);
    if (one.changed !== null) records?.change(CHANGED, one.changed);
    const later = await folder.run(args, env);
    await expectDrained(api, one, { exit: later, folder, database });
    const updated = one.changed === null ? 0 : CHANGED;
    expect(later.result).toMatchObject({ inserted: NEW, updated, warnings: [] });
    expect(answeredPages(api) - pages - lost).toBeLessThanOrEqual(pages / 4);
  });
});
