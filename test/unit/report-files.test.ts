/** The files of a report: nothing of another run is lost by a run of the same number. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findReport, writeReport } from '../../src/observe/run-report-files.js';
import { STARTED_MS, sampleReport, sampleSession } from '../support/sample-report.js';

const OLDER = sampleReport();
const NEWER = sampleReport({ startedAtMs: STARTED_MS + 86_400_000, pages: 77 });
const SET_ASIDE = `3-${new Date(STARTED_MS).toISOString().replaceAll(':', '-')}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasync-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function names(): string[] {
  return readdirSync(folder).sort();
}

describe('a run of a new database, by the number of one before', () => {
  test('leaves the older report under a longer name, where it is found again', async () => {
    expect((await writeReport(folder, OLDER)).setAside).toBeNull();
    const page = readFileSync(join(folder, '3.html'), 'utf8');
    const { setAside } = await writeReport(folder, NEWER);
    expect(setAside).toBe(join(folder, `${SET_ASIDE}.json`));
    expect(names()).toEqual([`${SET_ASIDE}.html`, `${SET_ASIDE}.json`, '3.html', '3.json'].sort());
    expect(readFileSync(join(folder, `${SET_ASIDE}.html`), 'utf8')).toBe(page);
    expect((await findReport(folder, OLDER))?.report).toEqual(OLDER);
    expect((await findReport(folder, NEWER))?.report).toEqual(NEWER);
  });

  test('gives the name back, with all sessions, when the older run goes on', async () => {
    await writeReport(folder, OLDER);
    await writeReport(folder, NEWER);
    const { files } = await writeReport(folder, {
      ...OLDER,
      sessions: [sampleSession({ rows: 7 })],
    });
    expect(files.json).toBe(join(folder, '3.json'));
    const found = await findReport(folder, OLDER);
    expect(found?.files).toEqual(files);
    expect(found?.report.sessions.map(({ rows }) => rows)).toEqual([50_000, 7]);
    expect((await findReport(folder, NEWER))?.report).toEqual(NEWER);
    expect(names()).toHaveLength(4);
  });
});

test('a run that goes on is joined in its place', async () => {
  await writeReport(folder, OLDER);
  expect((await writeReport(folder, OLDER)).setAside).toBeNull();
  expect(names()).toEqual(['3.html', '3.json']);
  expect((await findReport(folder, OLDER))?.report.sessions).toHaveLength(2);
});

test('what cannot be read is kept as it is', async () => {
  writeFileSync(join(folder, '3.json'), 'mine');
  const { setAside } = await writeReport(folder, OLDER);
  expect(setAside).toMatch(/3-unreadable-.*\.json$/);
  expect(readFileSync(setAside ?? '', 'utf8')).toBe('mine');
});
