/** From findings to advice: what to set, why, and how long a whole ingestion takes. Pure. */
import type { LimitPolicy } from '../core/token-bucket.js';
import type { Finding } from './finding.js';
import { isTrueFinding, numberOf } from './findings/findings.js';
import { type Forecast, forecast } from './forecast.js';
import type { Prediction, Recommendation } from './schema.js';
import type { Subject } from './subject.js';

/** What the findings do not say. */
export interface Circumstances {
  /** As the program itself learns it from the headers; null: no answer names a limit. */
  readonly policy: LimitPolicy | null;
  /** What refusals have taught, in earlier runs too, where answers name no limit; null: nothing. */
  readonly pace: LimitPolicy | null;
  readonly assumedPolicy: LimitPolicy | null;
  readonly subject: Pick<Subject, 'stream' | 'sizes' | 'cursorsExpire'>;
  /** The setting that the size of a page is set by. */
  readonly sizeSetting: string;
  /** Whether a limit that answers tell may be written into the source file as well. */
  readonly declaresLimits: boolean;
  /** Latencies of the largest page, at least one. */
  readonly latenciesMs: readonly number[];
  /** Records of the page that they are of. */
  readonly sampledRecords: number;
  readonly pageLimitMax: number;
  /** As set by the user; null: the largest page. */
  readonly pageLimit: number | null;
  readonly concurrency: number;
  readonly creditBytes: number;
  readonly reserve: number;
  readonly cursorThresholdMs: number;
  readonly cursorLifeMs: number;
  /** Null: was not measured. */
  readonly recordsPerSecond: number | null;
}

/** A small machine with its own PostgreSQL writes about so much; docs/decisions has the measurements. */
const ASSUMED_RECORDS_PER_SECOND = 60_000;
const ASSUMED_BYTES_PER_RECORD = 380;
/** With less than this of what the machine takes, the way of writing does not matter. */
const EASY_SHARE = 0.5;
const PACE_TEXT = 'no answer names a limit, and refusals have taught this pace';
const PACE_HOLDS = 'the pace that refusals have taught holds, for no answer names a limit';

export interface Advice {
  readonly recommendations: readonly Recommendation[];
  readonly prediction: Prediction | null;
}

export function advise(findings: readonly Finding[], known: Circumstances): Advice {
  const page = pageSizeOf(findings, known);
  const total = numberOf(findings, 'total');
  const canSeek = isTrueFinding(findings, 'cursor.can-seek');
  const recordsPerSecond = known.recordsPerSecond ?? ASSUMED_RECORDS_PER_SECOND;
  const cursorLifeMs = numberOf(findings, 'cursor.life') ?? known.cursorLifeMs;
  const foreseen = forecast({
    records: Math.max(1, total ?? page.records * PAGES_TO_JUDGE_BY),
    pageRecords: page.records,
    latenciesMs: known.latenciesMs,
    policy: known.policy ?? known.pace,
    assumedPolicy: known.assumedPolicy,
    canSeek,
    cursorLifeMs,
    bytesPerRecord: numberOf(findings, 'record.bytes') ?? ASSUMED_BYTES_PER_RECORD,
    recordsPerSecond,
    concurrency: known.concurrency,
    creditBytes: known.creditBytes,
    reserve: known.reserve,
    cursorThresholdMs: known.cursorThresholdMs,
  });
  return {
    recommendations: [
      { setting: known.sizeSetting, value: page.records, reason: page.reason },
      inFlight(findings, known, foreseen),
      segments(canSeek, foreseen),
      ...threshold(known, cursorLifeMs, canSeek),
      writeMethod(foreseen, page.records, recordsPerSecond),
      ...buffer(known),
      ...limitsBlock(known),
    ],
    prediction:
      total === null
        ? null
        : {
            durationMs: Math.round(foreseen.durationMs),
            records: total,
            pages: foreseen.pages,
            requests: foreseen.requests,
            boundBy: foreseen.boundBy,
            assuming: assumptions(findings, known),
          },
  };
}

/** Enough pages for the advice to settle where the number of records is not known. */
const PAGES_TO_JUDGE_BY = 200;

function pageSizeOf(findings: readonly Finding[], known: Circumstances) {
  if (known.subject.sizes === 'unsaid') {
    const records = numberOf(findings, 'page.size') ?? Math.max(1, known.sampledRecords);
    const reason =
      'what comes as the file asks; page_size: { param, max } names a parameter for the size, where there is one';
    return { records, reason };
  }
  const largest = numberOf(findings, 'page.largest-size');
  const granted = Math.min(largest ?? known.pageLimitMax, known.pageLimitMax);
  const ratio = numberOf(findings, 'latency.large-to-small');
  const cost =
    ratio === null
      ? 'every page costs one request, whatever its size'
      : `a page of this size takes ${ratio} times as long as a small one, and one request as well`;
  if (known.pageLimit !== null && known.pageLimit < granted) {
    const reason = `${cost}; ${known.pageLimit} is set and keeps to it`;
    return { records: known.pageLimit, reason };
  }
  const which = largest === null ? 'what the source names' : 'the largest that is granted';
  return { records: granted, reason: `${which}: ${cost}` };
}

function inFlight(
  findings: readonly Finding[],
  known: Circumstances,
  { inFlightMax }: Forecast,
): Recommendation {
  const { policy, pace, concurrency } = known;
  const setting = 'WORKER_CONCURRENCY';
  if (policy !== null) {
    const { useful, text } = underWay(policy, known);
    const value = Math.max(useful, Math.min(policy.quota, concurrency));
    return { setting, value, reason: `${text}; more are used only when the window opens` };
  }
  const helps = findings.find(({ name }) => name === 'concurrency.helps')?.value;
  if (helps === false) {
    return { setting, value: 1, reason: 'several requests at once get no more done' };
  }
  if (pace !== null) {
    const { useful, text } = underWay(pace, known);
    return { setting, value: Math.max(useful, concurrency), reason: `${text}; ${PACE_TEXT}` };
  }
  const reason = `nothing limits; the run feels its way up and uses at most ${inFlightMax}`;
  return { setting, value: concurrency, reason };
}

/** How many requests a rate keeps under way. */
function underWay({ quota, windowMs }: LimitPolicy, { latenciesMs }: Circumstances) {
  const latencyMs = Math.max(...latenciesMs);
  const perSecond = (quota / windowMs) * 1000;
  const useful = Math.max(1, Math.ceil((perSecond * latencyMs) / 1000));
  const text = `${trim(perSecond)} requests/s of ${trim(latencyMs / 1000)} s keep ${useful} under way`;
  return { useful, text };
}

function segments(canSeek: boolean, { segmentsMax }: Forecast): Recommendation {
  const setting = 'segments';
  if (!canSeek) {
    return { setting, value: 1, reason: 'cursors cannot be built: one chain from page to page' };
  }
  const reason =
    segmentsMax === 1
      ? 'one chain keeps up with the limit'
      : 'built cursors lead to their place; the run cuts where one chain would not keep up';
  return { setting, value: segmentsMax, reason };
}

function threshold(known: Circumstances, cursorLifeMs: number, canSeek: boolean): Recommendation[] {
  if (!known.subject.cursorsExpire) return [];
  const value = Math.round(Math.min(known.cursorThresholdMs, cursorLifeMs / 2) / 100) / 10;
  const how = canSeek ? 'rebuilt without a request' : 'asked for again while they live';
  const reason = `cursors live ${trim(cursorLifeMs / 1000)} s and are ${how} with half of it left`;
  return [{ setting: 'CURSOR_REFRESH_THRESHOLD', value, reason }];
}

function writeMethod(
  { durationMs, pages }: Forecast,
  pageRecords: number,
  recordsPerSecond: number,
): Recommendation {
  const setting = 'WRITE_METHOD';
  const arriving = (pages * pageRecords * 1000) / Math.max(1, durationMs);
  const rounded = Math.round(arriving).toLocaleString('en-US');
  const isEasy = arriving < recordsPerSecond * EASY_SHARE;
  const reason = isEasy
    ? `about ${rounded} records/s arrive, far fewer than either way of writing takes`
    : `about ${rounded} records/s: COPY is the quickest, and auto changes to INSERT over known rows`;
  return { setting, value: 'auto', reason };
}

function buffer({ reserve, policy }: Circumstances): Recommendation[] {
  if (reserve === 0 || policy === null) return [];
  const share = Math.round((reserve / policy.quota) * 100);
  const reason = `pacing never overshoots; ${reserve} kept back cost ${share} % of the speed`;
  return [{ setting: 'RATE_LIMIT_BUFFER', value: 0, reason }];
}

/** To be pasted; see the limits of a source file. */
function limitsBlock({ declaresLimits, policy }: Circumstances): Recommendation[] {
  if (!declaresLimits || policy === null) return [];
  const { quota, windowMs } = policy;
  const seconds = windowMs / 1000;
  const window = Number.isInteger(seconds) ? `${seconds}s` : `${Math.ceil(windowMs)}ms`;
  const reason = 'answers tell it; declared under x-ingestion, it holds from the first request on';
  return [{ setting: 'limits', value: `[{ quota: ${quota}, window: ${window} }]`, reason }];
}

function assumptions(findings: readonly Finding[], known: Circumstances): string[] {
  const sure = (name: string) => findings.find((finding) => finding.name === name)?.confidence;
  const assumed = [];
  if (known.policy === null) {
    assumed.push(known.pace === null ? 'nothing limits, for no answer names a limit' : PACE_HOLDS);
  }
  if (sure('total') === 'implied') assumed.push('every page but the last is full');
  if (sure('total') === 'assumed')
    assumed.push(`the ${known.subject.stream} are as dense as those seen`);
  if (known.recordsPerSecond === null) {
    const rate = ASSUMED_RECORDS_PER_SECOND.toLocaleString('en-US');
    assumed.push(`this machine and its database take ${rate} records/s`);
  }
  if (known.sampledRecords === 0) assumed.push('the API answers as quickly as for small pages');
  return assumed;
}

function trim(value: number): string {
  return String(Math.round(value * 100) / 100);
}
