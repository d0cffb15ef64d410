/**
 * The files of a release. As the script `version` of npm it moves what is Unreleased in CHANGELOG.md under the
 * new version, and writes that into examples/kubernetes. With `notes VERSION` it prints that part of the changelog.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const UNRELEASED = '## [Unreleased]\n';

/** @returns what the changelog says of a version, without its heading; null: nothing */
function notesOf(changelog, version) {
  const heading = changelog.split('\n').find((line) => line.startsWith(`## [${version}]`));
  if (heading === undefined) return null;
  const [, rest = ''] = changelog.split(`${heading}\n`);
  const [notes = ''] = rest.split(/^## \[/m);
  return notes.trim() === '' ? null : notes.trim();
}

/** @param date as 2026-01-31 @returns the changelog after the release @throws where there is nothing to release */
function releasedChangelog(changelog, version, date) {
  if (notesOf(changelog, version) !== null) {
    throw new Error(`CHANGELOG.md has a version ${version} already`);
  }
  const notes = notesOf(changelog, 'Unreleased');
  if (notes === null) throw new Error('CHANGELOG.md has nothing under Unreleased');
  const [before = '', rest = ''] = changelog.split(UNRELEASED);
  const older = rest.slice(rest.indexOf(notes) + notes.length).trim();
  const parts = [`${before}${UNRELEASED}`, `## [${version}] - ${date}\n`, `${notes}\n`, older];
  return `${parts.join('\n').trimEnd()}\n`;
}

/** The image of examples/kubernetes has the version as its tag. */
function withImageTag(text, version) {
  return text
    .replace(/^(\s*newTag:\s*)\S+$/m, `$1"${version}"`)
    .replace(/(\/datasync-ingestion:)\d[\w.-]*/g, `$1${version}`);
}

function release(root, version) {
  const rewrite = (name, change) => {
    const path = join(root, name);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };
  const today = new Date().toISOString().slice(0, 'yyyy-mm-dd'.length);
  rewrite('CHANGELOG.md', (text) => releasedChangelog(text, version, today));
  for (const name of ['kustomization.yaml', 'README.md']) {
    rewrite(join('examples/kubernetes', name), (text) => withImageTag(text, version));
  }
}

const root = fileURLToPath(new URL('..', import.meta.url));
const [what, version = process.env.npm_package_version] = process.argv.slice(2);
if (what === 'notes') {
  const notes = notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  if (notes === null) throw new Error(`CHANGELOG.md says nothing of ${version}`);
  console.log(notes);
} else release(root, version);
