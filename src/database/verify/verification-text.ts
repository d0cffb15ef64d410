/** A verification for a person: the proof in a few lines, or every difference. */
import { number, stretchName } from './page-names.js';
import type { Verification } from './verify-types.js';

/** More are cut off; `--json` has them all. */
const LINES_MAX = 50;

export function verificationText(result: Verification): string {
  const { ok, run, status, differences, durationMs } = result;
  const seconds = (durationMs / 1000).toFixed(1);
  const verdict = ok
    ? `holds (${seconds} s)`
    : `does NOT hold: ${number(differences.length)} ${differences.length === 1 ? 'difference' : 'differences'} (${seconds} s)`;
  return [
    `Run ${run} (${status}): the proof ${verdict}`,
    ...differences.slice(0, LINES_MAX).map(({ where, message }) => `  ${where}: ${message}`),
    ...cutOff(differences.length),
    ...proofLines(result),
    ...result.stillToFetch
      .slice(0, LINES_MAX)
      .map((stretch) => `  to fetch  ${stretchName(stretch)}`),
    ...cutOff(result.stillToFetch.length),
  ].join('\n');
}

function proofLines(result: Verification): string[] {
  const { rows, tableRows, pages, returned, inserted, duplicate, quarantined } = result;
  const others = tableRows - rows;
  return [
    `  rows      ${number(rows)} distinct ids${others > 0 ? `; ${number(others)} of other runs` : ''}`,
    `  pages     ${number(pages)}`,
    `  records   ${number(returned)} returned = ${number(inserted)} inserted + ${number(duplicate)} duplicate`,
    `            + ${number(quarantined)} in quarantine`,
  ];
}

function cutOff(count: number): string[] {
  return count > LINES_MAX ? [`  … and ${number(count - LINES_MAX)} more; --json has all`] : [];
}
