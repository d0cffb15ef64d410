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

  test('the last complaint speaks, not what was printed around it', () => {
    const output =
      'creating directory x ... initdb: error: first\ninitdb: error: second\ninitdb: removed it\n';
    expect(failedStep(DOING, output).fault.message).toContain(': second');
  });

  test('a program that printed nothing is said to have printed nothing', () => {
    expect(failedStep(DOING, '\n').fault.message).toContain('it said nothing');
  });
});
