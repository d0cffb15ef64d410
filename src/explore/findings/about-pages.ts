/** Findings about pages and records: shape, sizes, fields, timestamp forms, bytes, compression. */
import { keyName, type RecordFields } from '../census.js';
import { type Finding, finding, median, percent, unknown } from '../finding.js';
import type { Notebook, PageSeen, RecordCensus } from '../observations.js';

export function aboutPages(notebook: Notebook, known: RecordFields): Finding[] {
  const { pages } = notebook;
  const first = pages[0];
  if (first === undefined) return [];
  return [
    finding('page.shape', first.shape.name, 'measured', first.shape.detail),
    ...(notebook.subject.sizes === 'unsaid' ? [] : [defaultSize(first)]),
    ...largestSize(notebook),
    ...recordFindings(notebook, known),
    bytesOfRecord(pages),
    ...compressionFindings(pages),
  ];
}

function defaultSize(first: PageSeen): Finding {
  const { envelope, recordCount, askedLimit } = first;
  if (askedLimit !== null) return unknown('page.default-size', 'a size is asked for in any case');
  const size = envelope.limit ?? (envelope.hasMore ? recordCount : null);
  if (size === null) return unknown('page.default-size', 'the whole source fits into one page');
  const sure = size === recordCount ? 'measured' : 'announced';
  return finding('page.default-size', size, sure, 'no size was asked for', { unit: 'records' });
}

function largestSize(notebook: Notebook): Finding[] {
  const { pages, refusedLimit, subject } = notebook;
  if (subject.sizes === 'unsaid') return [unaskedSize(pages)];
  const name = 'page.largest-size';
  const asked = pages.filter(({ askedLimit }) => askedLimit !== null);
  const largest = asked.reduce<PageSeen | null>(
    (best, page) => (best === null || isLarger(page, best) ? page : best),
    null,
  );
  if (largest === null) return [unknown(name, 'no page of a chosen size was asked for')];
  const { envelope, askedLimit, recordCount } = largest;
  const granted = envelope.limit ?? (envelope.hasMore ? recordCount : null);
  if (granted === null) {
    return [
      unknown(name, `${askedLimit} asked for, but the source holds only ${recordCount} more`),
    ];
  }
  const counts = countsOf(asked, granted);
  if (counts.length > 1) {
    return [
      unknown(name, `pages that others follow hold ${counts[0]} to ${counts.at(-1)} records`),
    ];
  }
  const evidence = `${askedLimit} asked for, ${granted} granted`;
  if (subject.sizes === 'fixed') {
    return [finding(name, granted, 'measured', `${evidence}; no other is asked for`, RECORDS)];
  }
  if (granted < (askedLimit ?? 0)) {
    return [
      finding(name, granted, granted === recordCount ? 'measured' : 'announced', evidence, {
        unit: 'records',
      }),
      finding('page.cut-silently', true, 'measured', 'a larger size is answered with 200'),
    ];
  }
  if (refusedLimit === null) {
    return [
      unknown(name, `all of ${askedLimit} granted: at least that`),
      unknown('page.cut-silently', 'no size that was asked for was cut'),
    ];
  }
  return [
    finding(name, granted, 'assumed', `${evidence}; ${refusedLimit} refused`, { unit: 'records' }),
    finding('page.cut-silently', false, 'measured', `${refusedLimit} is answered with an error`),
  ];
}

const RECORDS = { unit: 'records' };

function isLarger(page: PageSeen, best: PageSeen): boolean {
  const [asked, before] = [page.askedLimit ?? 0, best.askedLimit ?? 0];
  return asked === before ? page.recordCount > best.recordCount : asked > before;
}

/** How many records pages hold that could hold more, ascending: several where it is not their size that cuts them. */
function countsOf(asked: readonly PageSeen[], granted: number): number[] {
  const roomy = asked.filter(
    ({ envelope, askedLimit }) =>
      envelope.limit === null && envelope.hasMore && (askedLimit ?? 0) > granted,
  );
  const counts = roomy.map(({ recordCount }) => recordCount).filter((count) => count !== granted);
  return [...new Set([...counts, granted])].sort((a, b) => a - b);
}

/** The request leaves it to the API, or the file has it in a place of its own. */
function unaskedSize(pages: readonly PageSeen[]): Finding {
  const full = pages.filter(({ envelope }) => envelope.hasMore);
  const largest = Math.max(0, ...full.map(({ recordCount }) => recordCount));
  const evidence = 'no page_size is in the file: what comes without another size';
  return largest === 0
    ? unknown('page.size', 'no page was seen that another follows')
    : finding('page.size', largest, 'measured', evidence, RECORDS);
}

function recordFindings({ census, pages }: Notebook, known: RecordFields): Finding[] {
  const { records, fields, timestampForms } = census;
  if (records === 0) return [unknown('record.fields', 'no record was seen')];
  const described = [...fields].map(([name, { count, types }]) => {
    const forms = [...types].sort(([, a], [, b]) => b - a).map(([type]) => type);
    const share = count === records ? '' : ` in ${percent(count, records)}`;
    return `${name}: ${forms.join(' or ')}${share}`;
  });
  const of = `of ${records} records`;
  const forms = [...timestampForms].sort(([, a], [, b]) => b.count - a.count);
  const shares = forms.map(([name, { count }]) => `${name} ${percent(count, records)}`);
  return [
    finding('record.fields', described.join('; '), 'measured', of),
    keyFinding(census, pages, known),
    known.time === null
      ? unknown('record.timestamp-forms', 'the source names no time')
      : finding(
          'record.timestamp-forms',
          shares.join(', ') || 'missing',
          'measured',
          `${known.time.join('.')} ${of}`,
        ),
    ...timestampPlace(forms, records),
    oddRecords(census),
  ];
}

function keyFinding(
  { records, withoutId, nonObjects }: RecordCensus,
  pages: readonly PageSeen[],
  known: RecordFields,
): Finding {
  const name = 'record.key';
  const key = keyName(known);
  if (key === '') return unknown(name, 'the source names no primary_key');
  const missing = withoutId + nonObjects;
  const twice = pages.reduce((sum, page) => {
    const marks = page.marks.filter((mark) => mark !== '');
    return sum + marks.length - new Set(marks).size;
  }, 0);
  const value = missing === 0 ? `${key} in every record` : `${key} missing in ${missing}`;
  const evidence =
    twice === 0 ? `of ${records} records; none twice in a page` : `${twice} twice in a page`;
  return finding(name, value, 'measured', evidence);
}

/** The form depends on the place in the page, so the same record changes form when pages move. */
function timestampPlace(
  forms: readonly [string, { readonly count: number; readonly byPlace: readonly number[] }][],
  records: number,
): Finding[] {
  if (forms.length !== 2 || records < 30) return [];
  const [name, { byPlace, count }] = forms[1] as (typeof forms)[number];
  const place = byPlace.indexOf(count);
  if (place === -1) return [];
  const value = `place in the page modulo 3 = ${place}: ${name}`;
  return [finding('record.timestamp-rule', value, 'measured', 'no record breaks it')];
}

function oddRecords(census: RecordCensus): Finding {
  const { records, nonObjects, withoutId, idForms, timestampForms } = census;
  const notUuid = [...idForms].filter(([form]) => form !== 'uuid');
  const badIds = idForms.has('uuid') ? notUuid.reduce((sum, [, count]) => sum + count, 0) : 0;
  const badTimes = timestampForms.get('not readable')?.count ?? 0;
  const odd = nonObjects + withoutId + badIds + badTimes;
  const parts = [
    [nonObjects, 'no objects'],
    [withoutId, 'without id'],
    [badIds, 'with an id of another form'],
    [badTimes, 'with a time that no rule reads'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return finding(
    'record.odd-share',
    Math.round((odd / records) * 1e5) / 1e3,
    'measured',
    said.join(', ') || 'none seen',
    {
      unit: '%',
    },
  );
}

function bytesOfRecord(pages: readonly PageSeen[]): Finding {
  const largest = pages.reduce((best, page) => (page.recordCount > best.recordCount ? page : best));
  if (largest.recordCount === 0) return unknown('record.bytes', 'no record was seen');
  const bytes = Math.round(largest.answer.bodyBytes / largest.recordCount);
  return finding('record.bytes', bytes, 'measured', `in a page of ${largest.recordCount}`, {
    unit: 'bytes',
  });
}

/** So much quicker must compressed pages be to be called quicker. */
const PAYS_BELOW = 0.93;

function compressionFindings(pages: readonly PageSeen[]): Finding[] {
  const zipped = pages.find(({ isCompressed }) => isCompressed);
  const wanted = pages.some(({ answer }) => answer.acceptedGzip);
  if (!wanted) return [unknown('compression.offered', 'it was not asked for')];
  if (zipped === undefined) {
    return [finding('compression.offered', false, 'measured', 'gzip was accepted, none came')];
  }
  const { answer, recordCount } = zipped;
  const ratio = answer.wireBytes / Math.max(1, answer.bodyBytes);
  const offered = finding(
    'compression.offered',
    true,
    'measured',
    `gzip, to ${percent(ratio, 1)} of the bytes`,
  );
  const plain = pages.filter(
    (page) => !page.isCompressed && page.answer.isAlone && page.recordCount === recordCount,
  );
  if (plain.length === 0 || !answer.isAlone) {
    return [offered, unknown('compression.pays', 'no plain page of that size to compare with')];
  }
  const zippedMs = answer.endAtMs - answer.sentAtMs;
  const plainMs = median(plain.map((page) => page.answer.endAtMs - page.answer.sentAtMs));
  const evidence = `${Math.round(zippedMs)} ms compressed, ${Math.round(plainMs)} ms plain`;
  const pays = zippedMs < plainMs * PAYS_BELOW;
  return [offered, finding('compression.pays', pays, 'measured', evidence)];
}
