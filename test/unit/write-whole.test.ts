import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileSink } from '../../src/database/export/export-sink.js';
import { nameBeside, writeWhole } from '../../src/files/write-whole.js';
import { replaceReport } from '../../src/observe/run-report-files.js';
import { StateFile } from '../../src/runtime/state-file.js';
import { sampleReport } from '../support/sample-report.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-write-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that is written whole', () => {
  test('replaces what was there, a link too, and leaves nothing beside it', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'of somebody else');
    symlinkSync(victim, join(folder, 'file'));
    await writeWhole(join(folder, 'file'), 'new', { mode: 0o600 });
    expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
    expect(lstatSync(join(folder, 'file')).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
    expect(statSync(join(folder, 'file')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(['file', 'victim']);
  });

  test('by several at once is the whole of one of them', async () => {
    const path = join(folder, 'file');
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
    await Promise.all(texts.map((text) => writeWhole(path, text)));
    expect(texts).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('that cannot have its name leaves nothing behind', async () => {
    mkdirSync(join(folder, 'file'));
    await expect(writeWhole(join(folder, 'file'), 'new')).rejects.toThrow(/EISDIR|ENOTEMPTY/);
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('is written beside its place under a name that nobody can guess', () => {
    const names = new Set(Array.from({ length: 100 }, () => nameBeside('/a/file')));
    expect(names.size).toBe(100);
    for (const name of names) expect(name).toMatch(/^\/a\/file\.[0-9a-f-]{36}\.part$/);
  });
});

/** As somebody else may have put them where all may write. */
function plantLinks(path: string): string {
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'of somebody else');
  for (const end of ['.tmp', '.new', '.part', `.${process.pid}.part`]) {
    symlinkSync(victim, `${path}${end}`);
  }
  return victim;
}

describe('a link beside its place is not written through by', () => {
  const path = () => join(folder, 'file');

  test('the state file, which is for its owner alone', async () => {
    const victim = plantLinks(path());
    await new StateFile(path()).write({
      ...{ cursor: null, cursorCreatedAt: null, eventsIngested: 0, rateLimitRemaining: null },
      ...{ rateLimitResetAt: null, lastUpdated: '', status: 'running', segments: [] },
    });
    expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('a report', async () => {
    const victim = plantLinks(path());
    await replaceReport({ json: path(), page: join(folder, 'page') }, sampleReport());
    expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
  });

  test('an export', async () => {
    const victim = plantLinks(path());
    const sink = await openFileSink(path(), { isGzip: false });
    await sink.write(Buffer.from('an id\n'));
    await sink.finish();
    expect(readFileSync(victim, 'utf8')).toBe('of somebody else');
    expect(readFileSync(path(), 'utf8')).toBe('an id\n');
  });
});
