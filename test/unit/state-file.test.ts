import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunState, StateFile } from '../../src/runtime/state-file.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'datasync-state-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function stateOf(status: string): RunState {
  return {
    ...{ cursor: null, cursorCreatedAt: null, eventsIngested: 0, rateLimitRemaining: null },
    ...{ rateLimitResetAt: null, lastUpdated: '2026-01-27T19:20:12.369Z', status, segments: [] },
  };
}

test('the last write of a run waits for the one under way, and is what stays', async () => {
  const path = join(folder, 'data', 'state');
  const file = new StateFile(path);
  const running = file.write(stateOf('running'));
  expect(file.isBusy).toBe(true);
  await Promise.all([running, file.write(stateOf('complete'))]);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(stateOf('complete'));
  expect(await readdir(join(folder, 'data'))).toEqual(['state']);
  expect(file.isBusy).toBe(false);
});

test('a write that fails is told and keeps none after it from being made', async () => {
  const blocker = join(folder, 'data');
  await writeFile(blocker, 'a file where the folder should be');
  const file = new StateFile(join(blocker, 'state'));
  await expect(file.write(stateOf('running'))).rejects.toThrow(/EEXIST|ENOTDIR/);
  await rm(blocker);
  await file.write(stateOf('complete'));
  expect(await readdir(blocker)).toEqual(['state']);
});
