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
  if (pages.every(({ envelope }) => !envelope.hasMore)) return unknown(name, 'one page holds all');
  // A page without records shows nothing.
  const full = pages.filter(({ recordCount }) => recordCount > 0);
  const [pair] = full.flatMap((page) => {
    const next = full.find(({ askedCursor }) => {
      return askedCursor !== null && askedCursor === page.envelope.nextCursor;
    });
    return next === undefined ? [] : [[page, next] as const];
  });
  if (pair === undefined) return unknown(name, 'no page with records was followed by another');
  const [before, behind] = pair;
  const known = new Set(before.marks);
  const both = behind.marks.filter((mark) => mark !== '' && known.has(mark)).length;
  const evidence = `${before.recordCount} records of a page, ${behind.recordCount} of the next, ${both} in both`;
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
