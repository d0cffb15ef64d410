/** What a check of a source has found, for a person. */
import { type SurveyedSource, surveyNotes } from '../../config/source-survey.js';
import type { CheckedPage, StreamCheck } from './check-stream.js';

export function surveyText(source: SurveyedSource): string {
  const { faults, warnings } = surveyNotes(source);
  const count = (notes: readonly string[], what: string): string =>
    `${notes.length === 0 ? 'no' : notes.length} ${what}${notes.length === 1 ? '' : 's'}`;
  return [
    `${source.path}: ${count(faults, 'fault')}, ${count(warnings, 'warning')}`,
    ...faults.map((text) => `  FAULT    ${text}`),
    ...warnings.map((text) => `  warning  ${text}`),
    ...source.needs.map(({ name, isSet }) => `  ${isSet ? 'set      ' : 'NOT SET  '}${name}`),
  ].join('\n');
}

export function streamText(source: string, check: StreamCheck): string {
  const { firstRecord, key, time, total, announced, declared, pages, incremental } = check;
  const lines: (readonly [string, string])[] = [];
  if (check.unasked !== null) lines.push(['not asked', check.unasked]);
  pages.forEach((page, index) => {
    lines.push([`page ${index + 1}`, pageText(page)]);
    if (index === 0 && firstRecord !== null) lines.push(['record', firstRecord]);
    lines.push(['next', page.next ?? 'none: this is the last page']);
  });
  const keyText = key.map(({ name, type }) => `${name} (${type})`).join(', ');
  lines.push(['key', keyText || 'none: rows are appended']);
  if (time !== null) lines.push(['time', time]);
  if (total !== null) lines.push(['total', `${total} records, as the API says`]);
  lines.push(['paging', check.paging]);
  if (incremental !== null) lines.push(['later runs', incremental]);
  if (announced !== null) lines.push(['announced', announced]);
  if (declared !== null) lines.push(['declared', declared]);
  if (announced === null && declared === null && pages.length > 0) {
    lines.push(['limits', 'none is announced or declared; the pace is found out while it runs']);
  }
  lines.push(...check.notes.map((text) => ['note', text] as const));
  lines.push(...check.faults.map((text) => ['FAULT', text] as const));
  const text = lines.map(([name, value]) => `  ${name.padEnd(10)} ${value}`);
  return [`${source}.${check.resource} -> ${check.table}`, ...text].join('\n');
}

function pageText({ status, tookMs, recordCount }: CheckedPage): string {
  return `HTTP ${status} in ${tookMs} ms, ${recordCount} record${recordCount === 1 ? '' : 's'}`;
}
