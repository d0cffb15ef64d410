import { describe, expect, test } from 'vitest';
import { failedStep } from '../../src/database/embedded-faults.js';

const DOING = 'start PostgreSQL in ./data/postgres';

describe('failedStep', () => {
  test.each([
    ['could not write to file "pg_wal/xlogtemp.7": No space left on device', /disk is full/],
    ["ENOSPC: no space left on device, mkdir '/x'", /disk is full/],
    ['could not bind IPv4 address "127.0.0.1": Address already in use', /No port on 127\.0\.0\.1/],
    ["EACCES: permission denied, mkdir '/x/y'", /cannot be written/],
    ['could not create directory "/x": Read-only file system', /cannot be written/],
    ['could not map anonymous shared memory: Cannot allocate memory', /DATABASE_URL/],
  ])('%s comes with its remedy', (line, remedy) => {
    const { fault } = failedStep(DOING, `2026-01-01 00:00:00.000 UTC [7] FATAL:  ${line}\n`);
    expect(fault.code).toBe('DATABASE_REFUSED');
    expect(fault.message).toBe(`could not ${DOING}: ${line}`);
    expect(fault.remedy).toMatch(remedy);
  });

  test('the first complaint speaks, not what was printed around it or followed from it', () => {
    const output = [
      'running bootstrap script ... 2026-01-01 00:00:00.000 UTC [7] FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes',
      '2026-01-01 00:00:00.000 UTC [7] HINT:  Check free disk space.',
      '2026-01-01 00:00:00.000 UTC [7] PANIC:  cannot abort transaction 1, it was already committed',
      'initdb: removing data directory "/x"',
    ];
    const { fault } = failedStep(DOING, output.join('\n'));
    expect(fault.message).toMatch(/: could not extend file "base\/1\/2691"/);
    expect(fault.remedy).toMatch(/disk is full/);
  });

  test('a program that printed nothing is said to have printed nothing', () => {
    expect(failedStep(DOING, '\n').fault.message).toContain('it said nothing');
  });
});
