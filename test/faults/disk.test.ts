/** A disk that runs full in mid-run, beneath the table alone or beneath the whole server. */
import { execFile } from 'node:child_process';
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountFor } from '../../src/database/server-account.js';
import { expectRefused, faultRun } from '../support/fault-run.js';
import { useSimulator } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { type Place, temporaryFolder, useOwnPostgres } from '../support/own-postgres.js';

const run = promisify(execFile);
const simulate = useSimulator();
const folder = useIngestFolder();

/** A file system of its own that is soon full. @returns null where none may be mounted */
async function smallDisk(size: string): Promise<Place | null> {
  const place = await temporaryFolder();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', place.path]);
  } catch (error) {
    console.warn(`Tests of a full disk are skipped: ${(error as Error).message}`);
    await place.remove();
    return null;
  }
  return {
    path: place.path,
    async remove() {
      await run('umount', [place.path]);
      await place.remove();
    },
  };
}

describe('a disk that is full beneath the table', () => {
  const postgres = useOwnPostgres();
  let disk: Place | null = null;

  beforeEach(async (context) => {
    disk = await smallDisk('12m');
    if (disk === null) return context.skip('no file system can be mounted here');
    const location = join(disk.path, 'tables');
    await mkdir(location);
    const account = await accountFor(postgres.dataFolder);
    if (account !== null) await chown(location, account.uid, account.gid);
    await postgres.query(`CREATE TABLESPACE small LOCATION '${location}'`);
    await postgres.setForAll("default_tablespace = 'small'");
  });
  afterEach(async () => {
    await postgres.query('DROP SCHEMA public CASCADE');
    await postgres.query('DROP TABLESPACE IF EXISTS small');
    await disk?.remove();
    disk = null;
  });
  const grow = () => run('mount', ['-o', 'remount,size=200m', disk?.path ?? '']);

  test('is waited for, then exit 5 says so; with space it completes', async () => {
    const simulator = await simulate({ events: 40_000 });
    const faults = faultRun(postgres, folder, simulator);
    const exit = await faults.start({ DATABASE_PATIENCE: '1.5' }).end();
    expectRefused(exit, postgres, /disk of the database is full.*Free space/s);
    expect(exit.stderr).toMatch(/"database_awaited".*53100/);
    const { inserted } = await faults.ledger();
    expect(inserted).toBeGreaterThan(0);
    await grow();
    await faults.expectResumed();
  });

  test('that grows within the patience is healed, and no page is asked for again', async () => {
    const simulator = await simulate({ events: 40_000 });
    const faults = faultRun(postgres, folder, simulator);
    const child = faults.start({ DATABASE_PATIENCE: '30' });
    await child.untilLog('database_awaited');
    await grow();
    await faults.expectHealed(child);
  });
});

describe('a disk so full that the server goes down of it', () => {
  let disk: Place | null = null;
  const postgres = useOwnPostgres(async () => {
    disk = await smallDisk('300m');
    return disk;
  });
  const ballast = () => join(disk?.path ?? '', 'ballast');

  /** Leaves the data folder `leaveBytes` of room. */
  async function fill(leaveBytes: number): Promise<void> {
    const { stdout } = await run('df', ['--output=avail', '-B1', disk?.path ?? '']);
    const bytes = Number(stdout.split('\n')[1]) - leaveBytes;
    await run('fallocate', ['-l', String(bytes), ballast()]);
  }

  async function mend(): Promise<void> {
    await rm(ballast());
    await postgres.crash();
    await postgres.start();
  }

  test('ends it with exit 5 and the cause; with space it completes', async () => {
    const simulator = await simulate({ events: 60_000 });
    const faults = faultRun(postgres, folder, simulator);
    await faults.start({ MAX_EVENTS: '5000' }).end();
    await fill(2_000_000);
    try {
      const exit = await faults.start({ DATABASE_PATIENCE: '1.5' }).end();
      expectRefused(exit, postgres, /disk of the database is full.*Free space/s);
      expect(exit.tookMs).toBeLessThan(15_000);
    } finally {
      await mend();
    }
    await faults.expectResumed();
  });

  test('is waited for, until somebody makes room and starts it again', async () => {
    const simulator = await simulate({ events: 60_000 });
    const faults = faultRun(postgres, folder, simulator);
    await faults.start({ MAX_EVENTS: '5000' }).end();
    await fill(2_000_000);
    const child = faults.start({ DATABASE_PATIENCE: '30' });
    await child.untilLog('lock_lost');
    await mend();
    expect((await child.end()).code).toBe(0);
    await faults.expectProven();
  });
});
