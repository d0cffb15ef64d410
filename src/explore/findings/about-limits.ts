/** Findings about the limit: dialect, quota, window, kind, refused calls, buckets. */
import { bindingLimit } from '../../core/limit-headers.js';
import { roundest } from '../../core/round-span.js';
import { type Finding, finding, unknown } from '../finding.js';
import type { ListSeen, Notebook, StartSeen } from '../observations.js';
import { PAGES } from '../probe.js';
import { readDialect } from './dialect.js';
import { inferLimits, type LimitInference } from './infer-limits.js';
import type { Span } from './limit-kinds.js';

/** Counts that leave the length open by no more than this share of it have measured it. */
const MEASURED_SHARE = 1 / 3;
/** Forms that say by themselves what they are; a bare number is read by its magnitude. */
const TELLING_FORMS: readonly string[] = ['ISO 8601', 'HTTP-date'];

/** @param declared in the source file, in words; null: none is */
export function aboutLimits(notebook: Notebook, declared: string | null = null): Finding[] {
  const found = announced(notebook);
  if (declared === null) return found;
  return [...found, finding('limit.declared', declared, 'assumed', 'the source file declares it')];
}

function announced(notebook: Notebook): Finding[] {
  const starts = notebook.starts.get(PAGES) ?? [];
  const told = starts.flatMap(({ headers }) => readDialect(headers) ?? []);
  const answered = starts.filter(({ status }) => status !== null).length;
  const dialect = told[0];
  if (dialect === undefined) {
    const saying = starts.filter(({ limits }) => (limits?.limits ?? []).length > 0);
    return saying.length === 0
      ? withoutHeaders(answered, notebook)
      : inOwnWords(`${saying.length} of ${answered} answers carry it`, starts, notebook);
  }
  const share = `${told.length} of ${answered} answers carry it`;
  const reset = told.find(({ resetForm }) => resetForm !== null)?.resetForm ?? null;
  return [
    finding('limit.headers', dialect.name, 'announced', share),
    reset === null
      ? unknown('limit.reset-form', 'no answer names a reset that can be read')
      : TELLING_FORMS.includes(reset)
        ? finding('limit.reset-form', reset, 'announced', 'by its text')
        : finding('limit.reset-form', reset, 'implied', 'by its magnitude beside the Date'),
    ...aboutEach(starts, notebook),
    refusedCalls(notebook),
    ...notebook.lists.flatMap((list) => bucketOf(list, notebook)),
  ];
}

/** The limit that binds most often comes first, under the names that scripts look for. */
function aboutEach(starts: readonly StartSeen[], notebook: Notebook): Finding[] {
  const limits = inferLimits(starts, notebook.earlierStartsMs);
  if (limits.length === 0) return notNamed('the headers do not name it');
  return limits.flatMap((limit, index) => limitFindings(areaOf(index, limits), limit, notebook));
}

/** In headers whose names the source file gives, or in the body. */
function inOwnWords(share: string, starts: readonly StartSeen[], notebook: Notebook): Finding[] {
  return [
    finding('limit.headers', 'in words that the source file names', 'announced', share),
    ...aboutEach(starts, notebook),
    refusedCalls(notebook),
  ];
}

function notNamed(why: string): Finding[] {
  return [
    unknown('limit.quota', why),
    unknown('limit.window', 'no answer names one'),
    unknown('limit.window-kind', 'no answer says what is left'),
  ];
}

function withoutHeaders(answered: number, notebook: Notebook): Finding[] {
  const refusals = notebook.faults.filter(({ code }) => code === 'RATE_LIMITED').length;
  const evidence = `none of ${answered} answers carries a limit header; ${refusals} refused`;
  return [
    finding('limit.headers', 'none', 'measured', evidence),
    ...notNamed('no answer names one, and none was provoked'),
    refusedCalls(notebook),
  ];
}

/** Names of findings are stable and short, whatever an API calls its limits. */
const NAME_CHARACTERS_MAX = 32;

/** `ratelimit "30;w=12"` is `limit.also.30-w-12`. */
function areaOf(index: number, limits: readonly LimitInference[]): string {
  if (index === 0) return 'limit';
  const wordOf = ({ name }: LimitInference) =>
    name
      .replace(/^(?:x-)?rate-?limit(?=\W)/, '')
      .replace(/[^\w.]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, NAME_CHARACTERS_MAX);
  const word = wordOf(limits[index] as LimitInference);
  const before = limits.slice(1, index).filter((limit) => wordOf(limit) === word).length;
  return `limit.also.${word}${before === 0 ? '' : `-${before + 1}`}`;
}

function limitFindings(area: string, limit: LimitInference, notebook: Notebook): Finding[] {
  const { name, quota, saysLeaky } = limit;
  const { stream } = notebook.subject;
  return [
    quota === null
      ? unknown(`${area}.quota`, `the headers do not name it: ${name}`)
      : finding(
          `${area}.quota`,
          quota,
          'announced',
          `in a ${saysLeaky ? 'bucket' : 'window'} on the ${stream}: ${name}`,
          {
            unit: 'requests',
          },
        ),
    windowFinding(`${area}.window`, limit),
    kindFinding(`${area}.window-kind`, limit, notebook),
  ];
}

function kindFinding(
  name: string,
  { kind, counted, saysLeaky }: LimitInference,
  { skipped }: Notebook,
): Finding {
  if (kind !== null) return finding(name, kind, 'measured', `${counted} counts fit no other kind`);
  if (saysLeaky) return finding(name, 'leaky bucket', 'announced', 'answers tell of a bucket');
  return unknown(name, skipped.get('window') ?? 'the counts fit several kinds, or none');
}

/** Measured is what the counts of our requests show; what a header names or implies is not. */
function windowFinding(name: string, { said, shown, kind }: LimitInference): Finding {
  const counts =
    shown === null
      ? null
      : `counts leave it between ${Math.round(shown.lowMs)} and ${Math.round(shown.highMs)} ms`;
  if (shown !== null && shown.highMs - shown.lowMs <= shown.highMs * MEASURED_SHARE) {
    const both =
      said === null
        ? shown
        : {
            lowMs: Math.max(shown.lowMs, said.lowMs),
            highMs: Math.min(shown.highMs, said.highMs),
          };
    const isBorneOut = both.lowMs <= both.highMs;
    const { lowMs, highMs } = isBorneOut ? both : shown;
    const evidence = [
      kind === 'leaky bucket' ? `in which a full bucket empties; ${counts}` : counts,
      said === null || isBorneOut ? [] : `though headers ${verbOf(said)} ${rangeOf(said)} ms`,
    ].flat();
    return finding(name, roundest(lowMs, highMs), 'measured', evidence.join(', '), spanOf(shown));
  }
  if (said === null) {
    return unknown(name, counts ?? 'no answer tells when the window of our first request ends');
  }
  const isContradicted = shown !== null && (shown.highMs < said.lowMs || shown.lowMs > said.highMs);
  const but = isContradicted ? `; but ${counts}` : '';
  if (said.isNamed) {
    const evidence = `the header names it${but}`;
    return finding(name, said.lowMs, 'announced', evidence, { unit: 'ms' });
  }
  const evidence = `the resets imply between ${rangeOf(said)} ms${but}`;
  return finding(name, roundest(said.lowMs, said.highMs), 'implied', evidence, spanOf(said));
}

function verbOf({ isNamed }: { readonly isNamed: boolean }): string {
  return isNamed ? 'name' : 'imply';
}

function rangeOf({ lowMs, highMs }: Span): string {
  const [low, high] = [Math.round(lowMs), Math.round(highMs)];
  return low === high ? String(low) : `${low} and ${high}`;
}

function spanOf({ lowMs, highMs }: Span) {
  return { unit: 'ms', low: Math.round(lowMs), high: Math.round(highMs) };
}

function refusedCalls({ refusal, skipped }: Notebook): Finding {
  const name = 'limit.refused-calls-count';
  switch (refusal.type) {
    case 'untried':
      return unknown(
        name,
        skipped.get('refused calls') ?? 'needs to run into the limit: --provoke',
      );
    case 'notRefused':
      return unknown(name, `${refusal.requests} requests in a row and none refused`);
    case 'refused': {
      const { quota, remainingAfter, acceptedInWindow, refused } = refusal;
      if (quota === null || remainingAfter === null) {
        return unknown(name, 'after the refusals no answer said what is left');
      }
      // One request is the question itself.
      const logged = quota - remainingAfter - 1;
      const evidence = `${refused} refused; then ${logged} were logged, ${acceptedInWindow} of them accepted`;
      if (logged === acceptedInWindow) return finding(name, false, 'measured', evidence);
      if (logged >= acceptedInWindow + refused) return finding(name, true, 'measured', evidence);
      return unknown(name, evidence);
    }
  }
}

/** Whether a list has a limit of its own. */
function bucketOf(list: ListSeen, notebook: Notebook): Finding[] {
  const name = `limit.own-bucket.${list.name}`;
  const { stream } = notebook.subject;
  const own = bindingLimit(list.answer?.limits ?? null);
  // An API with several limits tells of each by name: like is compared with like.
  const told = (notebook.starts.get(PAGES) ?? []).filter(
    ({ limits }) => bindingLimit(limits)?.quota != null,
  );
  const events =
    told
      .flatMap(({ limits }) => limits?.limits ?? [])
      .find((limit) => limit.name === own?.name && limit.quota !== null) ??
    bindingLimit(told[0]?.limits ?? null);
  if (own?.quota == null || events?.quota == null) {
    return [unknown(name, 'its answer names no limit')];
  }
  const { quota, remaining } = own;
  const said = `${remaining ?? '?'} of ${quota} left after one request`;
  if (quota !== events.quota) {
    return [finding(name, true, 'implied', `${said}; the ${stream} have ${events.quota}`)];
  }
  if (remaining === null || list.pageStartsInWindow === 0) return [unknown(name, said)];
  const evidence = `${said}, with ${list.pageStartsInWindow} requests for ${stream} before it`;
  if (remaining === quota - 1) return [finding(name, true, 'measured', evidence)];
  if (remaining <= quota - 1 - list.pageStartsInWindow) {
    return [finding(name, false, 'measured', evidence)];
  }
  return [unknown(name, evidence)];
}
