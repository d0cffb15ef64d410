/** A verification for a person: the proof in a few lines, or every difference. */
import { writtenText } from '../../core/committed-page.js';
import { number, rowCount, stretchName } from './page-names.js';
import { isRepairable } from './repairable.js';
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
    ...coverLines(result),
    ...result.stillToFetch
      .slice(0, LINES_MAX)
      .map((stretch) => `  to fetch  ${stretchName(stretch)}`),
    ...cutOff(result.stillToFetch.length),
  ].join('\n');
}

function proofLines(result: Verification): string[] {
  const { rows, tableRows, pages, returned, superseded } = result;
  const { duplicate, differing, quarantined } = result;
  const others = tableRows - rows;
  return [
    `  rows      ${number(rows)} distinct ids${others > 0 ? `; the table has ${number(others)} more` : ''}`,
    `  pages     ${number(pages)}`,
    `  records   ${number(returned)} returned = ${writtenText(result)} + ${number(duplicate)} duplicate`,
    `            + ${number(quarantined)} in quarantine`,
    ...(superseded > 0
      ? [
          `            ${rowCount(superseded)} have since been updated by later pages, which own them`,
        ]
      : []),
    ...(differing > 0
      ? [`            ${number(differing)} duplicates had other content than the row, which stayed`]
      : []),
  ];
}

/** What the proof is of, and what it is not of. */
function coverLines({ owners, pages, unownedPages, dataPages, pass }: Verification): string[] {
  const data = dataPages === null ? '' : ` and, of ${number(dataPages)} pages, data`;
  const lines = [
    `  proven    id and occurred_at${data} of ${rowCount(owners.run)} that its pages wrote`,
  ];
  if (dataPages !== null && dataPages < pages) {
    lines.push(
      '            where the ledger has no digest of the data, none was asked for (PROVE_DATA)',
    );
  }
  if (owners.otherRuns > 0) {
    lines.push(
      `  others    ${rowCount(owners.otherRuns)} of pages of other runs, ${pass.type === 'full' ? 'which have proofs of their own' : 'which are proven too'}`,
    );
  }
  if (owners.nobody > 0) {
    lines.push(
      `  unproven  ${rowCount(owners.nobody)} were written before rows had owners: how many there are`,
    );
    lines.push('            is checked, and not which they are');
  }
  if (unownedPages > 0) {
    lines.push(`            ${number(unownedPages)} pages of this run are of that time`);
  }
  return lines;
}

/** What can be done about a proof that fails. */
export function repairHint(failed: Verification): string {
  return isRepairable(failed)
    ? '`datasync verify --repair` fetches the pages that differ again and proves once more; rows that no page wrote stay.'
    : 'Nothing of it is what `datasync verify --repair` could fetch again: it takes pages of this run.';
}

function cutOff(count: number): string[] {
  return count > LINES_MAX ? [`  … and ${number(count - LINES_MAX)} more; --json has all`] : [];
}
