/** Findings about the API as a whole: manifest, key, total, the lists beside the events. */
import { isObject } from '../census.js';
import type { Extent } from '../extent.js';
import { type Finding, finding, unknown } from '../finding.js';
import type { ListSeen, Notebook, PageSeen } from '../observations.js';
import { lastOrdinalOf } from '../stream-pages.js';

export function aboutApi(notebook: Notebook, hasCredentials: boolean): Finding[] {
  const { pages, subject } = notebook;
  const accepted =
    pages.length === 0
      ? unknown('auth.key-accepted', 'no page came')
      : hasCredentials
        ? finding('auth.key-accepted', true, 'measured', `pages of ${subject.stream} came with it`)
        : unknown('auth.key-accepted', 'none is sent, and pages came');
  return subject.beside === null ? [accepted] : [...aboutManifest(notebook), accepted];
}

function aboutManifest({ manifest }: Notebook): Finding[] {
  const { name, version, endpoints, authentication } = manifest ?? {};
  const auth = isObject(authentication) ? authentication : {};
  const api = typeof name === 'string' ? `${name} ${text(version)}`.trim() : null;
  const noManifest = 'no manifest answered at the base path';
  return [
    api === null
      ? unknown('api.name', noManifest)
      : finding('api.name', api, 'announced', 'its manifest'),
    isObject(endpoints)
      ? finding('api.endpoints', Object.keys(endpoints).join(', '), 'announced', 'its manifest')
      : unknown('api.endpoints', noManifest),
    typeof auth.header === 'string'
      ? finding('auth.header', auth.header, 'announced', text(auth.method))
      : unknown('auth.header', noManifest),
  ];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Shares of the announced total that a seek must confirm to call it true. */
const PLAUSIBLE_BELOW = 1.12;

export function aboutTotal(notebook: Notebook, extent: Extent): Finding[] {
  const { pages, skipped, subject } = notebook;
  const { stream } = subject;
  const said = [...new Set(pages.flatMap(({ envelope }) => envelope.total ?? []))];
  const unit = { unit: stream };
  const estimate = extent.estimate();
  if (said.length === 0) {
    if (estimate === null) {
      const ofPages = totalOfPages(notebook);
      if (ofPages !== null) return [ofPages];
      const why = skipped.get('far end') ?? 'the answers name none, and its end was not found';
      return [unknown('total', why)];
    }
    const { rows, rowsMin, rowsMax, isExact } = estimate;
    const range = { ...unit, low: rowsMin, ...(rowsMax === null ? {} : { high: rowsMax }) };
    if (isExact) return [finding('total', rows, 'measured', 'all of them were seen', range)];
    const evidence = `from where the ${stream} end, if they are as dense as those seen`;
    return [finding('total', rows, 'assumed', evidence, range)];
  }
  const total = said[0] ?? 0;
  if (said.length > 1) {
    const evidence = `the answers name different totals: ${said.join(', ')}`;
    return [
      finding('total', total, 'announced', evidence, unit),
      unknown('total.is-true', evidence),
    ];
  }
  return [
    finding('total', total, 'announced', 'every answer names it', unit),
    isTrue(total, notebook, extent),
  ];
}

/** Pages are counted, and their last one may be short. */
function totalOfPages({ pages, subject, far }: Notebook): Finding | null {
  const first = pages[0];
  const last = pages.map(lastOrdinalOf).find((ordinal) => ordinal !== null);
  if (subject.places !== 'pages' || first === undefined || last === undefined) return null;
  const start = numberOfFirst(pages);
  const size = first.recordCount;
  const before = (last - start) * size;
  const unit = { unit: subject.stream };
  if (far !== null) {
    const evidence = `${last - start} pages of ${size}, and ${far.page.recordCount} in the last`;
    return finding('total', before + far.page.recordCount, 'implied', evidence, unit);
  }
  const evidence = `${last - start + 1} pages of ${size} at most`;
  return finding('total', before + size, 'implied', evidence, {
    ...{ ...unit, low: before + 1, high: before + size },
  });
}

/** The cursor behind the first page is the number of the second. */
function numberOfFirst(pages: readonly PageSeen[]): number {
  const next = pages.find(({ askedCursor }) => askedCursor === null)?.envelope.nextCursor ?? null;
  return next === null ? 0 : Number(next) - 1;
}

function isTrue(total: number, { far, subject: { stream } }: Notebook, extent: Extent): Finding {
  const name = 'total.is-true';
  if (far !== null && far.expected !== null) {
    const { recordCount, envelope } = far.page;
    const evidence = `${recordCount} of the last ${far.expected} came from where they should be`;
    if (recordCount !== far.expected) return finding(name, false, 'measured', evidence);
    return envelope.hasMore
      ? finding(name, false, 'measured', `${evidence}, and more follow`)
      : finding(name, true, 'measured', evidence);
  }
  const estimate = extent.estimate();
  const reached = extent.rowsReached;
  if (estimate?.isExact === true) {
    const { rows } = estimate;
    return finding(name, rows === total, 'measured', `${rows} were counted`);
  }
  if (estimate !== null && estimate.rowsMax !== null) {
    const { rows, rowsMin, rowsMax } = estimate;
    const evidence = `the ${stream} end after about ${rows}`;
    if (total * PLAUSIBLE_BELOW < rowsMin || total > rowsMax * PLAUSIBLE_BELOW) {
      return finding(name, false, 'measured', evidence);
    }
    if (rowsMax < rowsMin * PLAUSIBLE_BELOW) return finding(name, true, 'measured', evidence);
  }
  const share = reached / Math.max(1, total);
  if (share > 0.9 && share < PLAUSIBLE_BELOW) {
    const evidence = `${stream} reach back for ${Math.round(share * 100)} % of it at least`;
    return finding(name, true, 'assumed', evidence);
  }
  if (share >= PLAUSIBLE_BELOW) {
    return finding(name, false, 'measured', `there are about ${reached} ${stream} at least`);
  }
  return unknown(name, `the end of the ${stream} was not looked at`);
}

export function aboutLists(lists: readonly ListSeen[]): Finding[] {
  return lists.map((list) => {
    const { name, answer, fault, total, recordCount, fields } = list;
    if (answer === null || fault !== null) {
      return unknown(`list.${name}`, fault?.message ?? 'it was not asked');
    }
    if (total === 0 || (total === null && recordCount === 0)) {
      const value = 'empty: helps neither to count nor to check';
      return finding(`list.${name}`, value, 'measured', 'no record in the first page');
    }
    const counts = fields.filter((field) => /count|total|events/i.test(field));
    const size = total === null ? 'a number unknown' : `${total} records`;
    const help =
      counts.length > 0
        ? `${counts.join(', ')} may help to check`
        : 'no field counts events: does not help to count';
    const sure = total === null ? 'measured' : 'announced';
    return finding(`list.${name}`, `${size}; ${help}`, sure, `fields ${fields.join(', ')}`);
  });
}
