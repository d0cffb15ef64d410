/** Findings about time: latency against page size, and whether requests at once get more done. */
import { type Finding, finding, median, percentile, unknown } from '../finding.js';
import type { Notebook, PageSeen } from '../observations.js';

/** From so many answers on, a 95th percentile means something. */
export const SAMPLES_FOR_P95 = 20;

/** What a forecast needs: samples of the page that an ingestion asks for. */
export interface LatencySamples {
  /** Records in the page they are of. */
  readonly pageRecords: number;
  readonly fullMs: readonly number[];
}

/** A sample this many times the median is an accident: few samples would make it a rule. */
const OUTLIER_FACTOR = 1.5;

/** The latencies to reckon with: all of many, without accidents of few. At least one of one. */
export function typicalLatencies(fullMs: readonly number[]): number[] {
  if (fullMs.length >= SAMPLES_FOR_P95) return [...fullMs];
  const highestMs = median(fullMs) * OUTLIER_FACTOR;
  return fullMs.filter((ms) => ms <= highestMs);
}

/** Latency of the largest pages that came alone and plain; all pages where there is none. */
export function latencySamples(pages: readonly PageSeen[]): LatencySamples {
  const plain = pages.filter(({ isCompressed, answer }) => !isCompressed && answer.isAlone);
  const usable = plain.length > 0 ? plain : pages;
  const pageRecords = Math.max(0, ...usable.map(({ recordCount }) => recordCount));
  const full = usable.filter(({ recordCount }) => recordCount >= pageRecords * 0.9);
  return { pageRecords, fullMs: full.map(latencyOf) };
}

export function aboutLatency(notebook: Notebook): Finding[] {
  const { pages } = notebook;
  if (pages.length === 0) return [];
  const { pageRecords, fullMs } = latencySamples(pages);
  const evidence = `${fullMs.length} pages of about ${pageRecords} records, whole body`;
  const ms = { unit: 'ms' };
  const found = [
    finding('latency.min', Math.round(Math.min(...fullMs)), 'measured', evidence, ms),
    finding('latency.median', Math.round(median(fullMs)), 'measured', evidence, ms),
    finding('latency.max', Math.round(Math.max(...fullMs)), 'measured', evidence, ms),
    fullMs.length < SAMPLES_FOR_P95
      ? unknown('latency.p95', `needs ${SAMPLES_FOR_P95} samples: a larger --budget`)
      : finding('latency.p95', Math.round(percentile(fullMs, 0.95)), 'measured', evidence, ms),
    ...bySize(pages, pageRecords, median(fullMs)),
  ];
  return [...found, ...concurrency(notebook, median(fullMs))];
}

function latencyOf({ answer }: PageSeen): number {
  return answer.endAtMs - answer.sentAtMs;
}

/** The smallest page beside the largest, and those between, so that a reader sees the line. */
function bySize(pages: readonly PageSeen[], largest: number, largestMs: number): Finding[] {
  const alone = pages.filter(({ isCompressed, answer }) => !isCompressed && answer.isAlone);
  const sizes = [...new Set(alone.map(({ recordCount }) => recordCount))].sort((a, b) => a - b);
  const line = sizes.map((size) => {
    const ofSize = alone.filter(({ recordCount }) => recordCount === size).map(latencyOf);
    return `${size}: ${Math.round(median(ofSize))} ms`;
  });
  const smallest = sizes[0];
  if (smallest === undefined || smallest * 4 > largest) {
    return [unknown('latency.by-size', 'pages of one size only were seen')];
  }
  const small = median(alone.filter(({ recordCount }) => recordCount === smallest).map(latencyOf));
  const ratio = Math.round((largestMs / Math.max(0.1, small)) * 100) / 100;
  const evidence = `by records: ${line.join(', ')}`;
  return [finding('latency.large-to-small', ratio, 'measured', evidence, { unit: 'times' })];
}

/** Less than this share of the time of one after the other is a gain. */
const HELPS_BELOW = 0.8;
const OVERLAP_MIN = 0.4;

function concurrency({ together, skipped }: Notebook, singleMs: number): Finding[] {
  const name = 'concurrency.helps';
  const best = together.at(-1);
  if (best === undefined) {
    const reason = skipped.get('2 at once') ?? 'no two requests were sent at once';
    return [unknown(name, reason)];
  }
  if (best.overlap < OVERLAP_MIN) {
    return [
      unknown(
        name,
        'the requests did not overlap: the limit, or the log of their starts, kept them apart',
      ),
    ];
  }
  const apart = singleMs * best.count;
  const evidence = `${best.count} at once in ${Math.round(best.elapsedMs)} ms, one alone takes ${Math.round(singleMs)} ms`;
  return [finding(name, best.elapsedMs < apart * HELPS_BELOW, 'measured', evidence)];
}
