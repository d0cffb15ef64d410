/** Findings about the API as a whole: manifest, key, total, the lists beside the events. */
import type { Extent } from '../extent.js';
import { type Finding, finding, unknown } from '../finding.js';
import type { ListSeen, Notebook } from '../observations.js';
import { isObject } from '../read-page.js';

export function aboutApi({ manifest, pages }: Notebook): Finding[] {
  const json = isObject(manifest?.json) ? manifest.json : {};
  const { name, version, endpoints, authentication } = json;
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
    pages.length > 0
      ? finding('auth.key-accepted', true, 'measured', 'pages of events came with it')
      : unknown('auth.key-accepted', 'no page came'),
  ];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Shares of the announced total that a seek must confirm to call it true. */
const PLAUSIBLE_BELOW = 1.12;

export function aboutTotal({ pages, skipped }: Notebook, extent: Extent): Finding[] {
  const said = [...new Set(pages.flatMap(({ envelope }) => envelope.total ?? []))];
  const unit = { unit: 'events' };
  const estimate = extent.estimate();
  if (said.length === 0) {
    if (estimate === null) {
      const why = skipped.get('far end') ?? 'the answers name none, and its end was not found';
      return [unknown('total', why)];
    }
    const { rows, rowsMin, rowsMax, isExact } = estimate;
    const range = { ...unit, low: rowsMin, ...(rowsMax === null ? {} : { high: rowsMax }) };
    if (isExact) return [finding('total', rows, 'measured', 'all of them were seen', range)];
    const evidence = 'from where the events end, if they are as dense as those seen';
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
    isTrue(total, extent),
  ];
}

function isTrue(total: number, extent: Extent): Finding {
  const name = 'total.is-true';
  const estimate = extent.estimate();
  const reached = extent.rowsReached;
  if (estimate?.isExact === true) {
    const { rows } = estimate;
    return finding(name, rows === total, 'measured', `${rows} were counted`);
  }
  if (estimate !== null && estimate.rowsMax !== null) {
    const { rows, rowsMin, rowsMax } = estimate;
    const evidence = `the events end after about ${rows}`;
    if (total * PLAUSIBLE_BELOW < rowsMin || total > rowsMax * PLAUSIBLE_BELOW) {
      return finding(name, false, 'measured', evidence);
    }
    if (rowsMax < rowsMin * PLAUSIBLE_BELOW) return finding(name, true, 'measured', evidence);
  }
  const share = reached / Math.max(1, total);
  if (share > 0.9 && share < PLAUSIBLE_BELOW) {
    const evidence = `events reach back for ${Math.round(share * 100)} % of it at least`;
    return finding(name, true, 'assumed', evidence);
  }
  if (share >= PLAUSIBLE_BELOW) {
    return finding(name, false, 'measured', `there are about ${reached} events at least`);
  }
  return unknown(name, 'the end of the events was not looked at');
}

export function aboutLists(lists: readonly ListSeen[]): Finding[] {
  return lists.map((list) => {
    const { name, answer, fault, total, recordCount, fields } = list;
    if (answer === null || answer.status !== 200) {
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
