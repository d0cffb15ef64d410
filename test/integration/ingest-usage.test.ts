/** Bad usage: exit 2, with everything that is wrong at once and the way out of it. */
import { describe, expect, test } from 'vitest';
import { API_KEY } from '../support/ingest-check.js';
import { useIngestFolder } from '../support/ingest-process.js';

const folder = useIngestFolder();
const KEY = { TARGET_API_KEY: API_KEY };
/** Nothing listens there: what is wrong must be found before anybody is asked. */
const NOWHERE = 'postgres://user:hunter2@127.0.0.1:1/none';

describe('the command line', () => {
  test.each([
    ['an unknown flag', ['ingest', '--concurency', '3'], /--concurrency/],
    ['an unknown command', ['ingst'], /Did you mean ingest\?/],
    ['a value out of range', ['ingest', '--limit', '0'], /--limit.*whole number/],
    ['a value that is no word of the list', ['ingest', '--write-method', 'magic'], /copy, insert/],
    ['an argument too many', ['ingest', 'all'], /too many arguments/],
  ])('%s is refused with exit 2', async (_, args, message) => {
    const { code, stdout, stderr } = await folder.run(args, {});
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  test('--help and --version are no faults', async () => {
    const help = await folder.run(['ingest', '--help'], {});
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/--restart[\s\S]*Example:/);
    const version = await folder.run(['--version'], {});
    expect(version.code).toBe(0);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe('the environment', () => {
  test('every fault is listed, each by the name of its variable, with exit 2', async () => {
    const { code, stderr } = await folder.run(['ingest', '--json'], {
      API_BASE_URL: 'ftp://example.org',
      DATABASE_URL: 'mysql://user:hunter2@localhost/d',
      WORKER_CONCURRENCY: 'many',
      BATCH_SIZE: '0',
      WRITE_METHOD: 'magic',
      LOG_LEVEL: 'loud',
      SIMULATE_PROFILE: 'nope',
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/API_BASE_URL takes an http or https URL/);
    expect(stderr).toMatch(/DATABASE_URL takes a postgres:\/\/ URL/);
    expect(stderr).toMatch(/WORKER_CONCURRENCY takes a whole number from 1 to 1000/);
    expect(stderr).toMatch(/BATCH_SIZE takes a whole number from 1 to/);
    expect(stderr).toMatch(/WRITE_METHOD takes one of auto, copy, insert/);
    expect(stderr).toMatch(/LOG_LEVEL takes one of trace/);
    expect(stderr).toMatch(/SIMULATE_PROFILE takes one of live, fast, chaos/);
    expect(stderr).toMatch(/TARGET_API_KEY is needed with API_BASE_URL/);
    expect(stderr).not.toMatch('hunter2');
  });

  test('an address without a key is refused', async () => {
    const { code, stderr } = await folder.run(['ingest'], {
      API_BASE_URL: 'http://127.0.0.1:1/api/v1',
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/TARGET_API_KEY is needed with API_BASE_URL/);
  });

  test.each(['', 'your_api_key_here'])('a database without a key (%j) is refused', async (key) => {
    const { code, stderr } = await folder.run(['ingest'], {
      TARGET_API_KEY: key,
      DATABASE_URL: NOWHERE,
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/DATABASE_URL is set but TARGET_API_KEY is not.*--simulate/);
  });

  test('a database without a key is used with --simulate', async () => {
    const { code, result } = await folder.run(['ingest', '--simulate', '--dry-run', '--json'], {
      DATABASE_URL: NOWHERE,
    });
    expect(code).toBe(0);
    expect(result).toMatchObject({
      database: 'DATABASE_URL',
      origin: expect.stringMatching(/^simulator:/),
    });
  });

  test('a key alone means the live API, an empty variable is unset', async () => {
    const { code, result } = await folder.run(['ingest', '--dry-run', '--json'], {
      ...KEY,
      API_BASE_URL: '',
      DATABASE_URL: '',
    });
    expect(code).toBe(0);
    expect(result).toMatchObject({
      origin: expect.stringMatching(/^http.*\/api\/v1$/),
      database: expect.stringMatching(/^embedded in /),
    });
  });
});
