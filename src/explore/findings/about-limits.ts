/** Findings about the limit: dialect, quota, window, kind, refused calls, buckets. */
import { bindingLimit } from '../../core/limit-headers.js';
import { roundest } from '../../core/round-span.js';
import { type Finding, finding, unknown } from '../finding.js';
import type { ListSeen, Notebook, StartSeen } from '../observations.js';
import { EVENTS } from '../probe.js';
import { readDialect } from './dialect.js';
import { inferWindow } from './window.js';

/** A span that whole seconds alone leave open still counts as measured. */
const NARROW_MS = 1_100;

export function aboutLimits(notebook: Notebook): Finding[] {
  const starts = notebook.starts.get(EVENTS) ?? [];
  const told = starts.flatMap(({ headers }) => readDialect(headers) ?? []);
  const answered = starts.filter(({ status }) => status !== null).length;
  const dialect = told[0];
  if (dialect === undefined) return withoutHeaders(answered, notebook);
  const share = `${told.length} of ${answered} answers carry it`;
  const reset = told.find(({ resetForm }) => resetForm !== null)?.resetForm ?? null;
  return [
    finding('limit.headers', dialect.name, 'announced', share),
    reset === null
      ? unknown('limit.reset-form', 'no answer names a reset that can be read')
      : finding('limit.reset-form', reset, 'announced', 'by its magnitude beside the Date'),
    ...windowFindings(starts, notebook),
    refusedCalls(notebook),
    ...notebook.lists.flatMap((list) => bucketOf(list, notebook)),
  ];
}

function withoutHeaders(answered: number, notebook: Notebook): Finding[] {
  const refusals = notebook.faults.filter(({ code }) => code === 'RATE_LIMITED').length;
  const evidence = `none of ${answered} answers carries a limit header; ${refusals} refused`;
  return [
    finding('limit.headers', 'none', 'measured', evidence),
    unknown('limit.quota', 'no answer names one, and none was provoked'),
    unknown('limit.window', 'no answer names one'),
    unknown('limit.window-kind', 'no answer says what is left'),
    refusedCalls(notebook),
  ];
}

function windowFindings(starts: readonly StartSeen[], notebook: Notebook): Finding[] {
  const { quota, length, kind, counted } = inferWindow(starts, notebook.earlierStartsMs);
  const found: Finding[] = [
    quota === null
      ? unknown('limit.quota', 'the headers do not name it')
      : finding('limit.quota', quota, 'announced', 'requests in a window on the events', {
          unit: 'requests',
        }),
  ];
  if (length === null) {
    found.push(
      unknown('limit.window', 'no answer tells when the window of our first request ends'),
    );
  } else if (length.isAnnounced) {
    const evidence = 'the header names it';
    found.push(finding('limit.window', length.lowMs, 'announced', evidence, { unit: 'ms' }));
  } else {
    const { lowMs, highMs } = length;
    const range = { unit: 'ms', low: Math.round(lowMs), high: Math.round(highMs) };
    const isNarrow = highMs - lowMs <= Math.max(NARROW_MS, highMs * 0.1);
    const evidence = isNarrow
      ? 'from the reset that answers tell; the roundest that fits'
      : `between ${range.low} and ${range.high} ms: resets and clocks are told in whole seconds`;
    const sure = isNarrow ? 'measured' : 'assumed';
    found.push(finding('limit.window', roundest(lowMs, highMs), sure, evidence, range));
  }
  found.push(
    kind === null
      ? unknown(
          'limit.window-kind',
          notebook.skipped.get('window') ?? 'the counts fit both kinds, or neither',
        )
      : finding(
          'limit.window-kind',
          kind,
          'measured',
          `${counted} counts fit, the other kind does not`,
        ),
  );
  return found;
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
  const own = bindingLimit(list.answer?.limits ?? null);
  const events = (notebook.starts.get(EVENTS) ?? [])
    .map(({ limits }) => bindingLimit(limits))
    .find((limit) => limit?.quota != null);
  if (own?.quota == null || events?.quota == null) {
    return [unknown(name, 'its answer names no limit')];
  }
  const { quota, remaining } = own;
  const said = `${remaining ?? '?'} of ${quota} left after one request`;
  if (quota !== events.quota) {
    return [finding(name, true, 'measured', `${said}; the events have ${events.quota}`)];
  }
  if (remaining === null || list.eventStartsInWindow === 0) return [unknown(name, said)];
  const evidence = `${said}, with ${list.eventStartsInWindow} requests for events before it`;
  if (remaining === quota - 1) return [finding(name, true, 'measured', evidence)];
  if (remaining <= quota - 1 - list.eventStartsInWindow) {
    return [finding(name, false, 'measured', evidence)];
  }
  return [unknown(name, evidence)];
}
