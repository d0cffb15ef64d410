/** Findings about how pages follow one another: the kind, and whether the next request leads on. */
import { type Finding, finding, median, unknown } from '../finding.js';
import type { Notebook, PageSeen } from '../observations.js';

/** @param kind in words; null: it is not said */
export function aboutPaging(notebook: Notebook, kind: string | null): Finding[] {
  const { pages } = notebook;
  const [first] = pages;
  if (first === undefined) return [];
  return [
    ...(kind === null ? [] : [finding('paging.kind', kind, 'measured', 'pages were read so')]),
    leadsOn(pages),
    ...farToNear(notebook),
  ];
}

function leadsOn(pages: readonly PageSeen[]): Finding {
  const name = 'paging.leads-on';
  const [first] = pages;
  const cursor = first?.envelope.nextCursor ?? null;
  if (first === undefined || cursor === null) return unknown(name, 'one page holds all');
  const second = pages.find(({ askedCursor }) => askedCursor === cursor);
  if (second === undefined)
    return unknown(name, 'the second page was not asked for, or did not come');
  const known = new Set(first.marks);
  const both = second.marks.filter((mark) => known.has(mark)).length;
  const evidence = `${first.recordCount} records of the first page, ${second.recordCount} of the second, ${both} in both`;
  return finding(name, both === 0, 'measured', evidence);
}

/** Where places are counted: some APIs count their way to a far one. */
function farToNear({ far, pages }: Notebook): Finding[] {
  if (far === null) return [];
  const name = 'latency.far-to-near';
  const { recordCount, answer } = far.page;
  const near = pages.filter(
    (page) => page !== far.page && page.answer.isAlone && page.recordCount === recordCount,
  );
  if (near.length === 0) return [unknown(name, 'no other page of that size to compare with')];
  const [farMs, nearMs] = [latencyOf(answer), median(near.map((page) => latencyOf(page.answer)))];
  const ratio = Math.round((farMs / Math.max(0.1, nearMs)) * 100) / 100;
  const evidence = `the last page in ${Math.round(farMs)} ms, others in ${Math.round(nearMs)} ms`;
  return [finding(name, ratio, 'measured', evidence, { unit: 'times' })];
}

function latencyOf({ sentAtMs, endAtMs }: PageSeen['answer']): number {
  return endAtMs - sentAtMs;
}
