/** A finding: one fact about the API, how sure it is, and what it rests on. */

export type Confidence =
  /** Seen to be so. */
  | 'measured'
  /** The API says so. */
  | 'announced'
  /** It follows from what the API says, if that is meant as usual; nothing showed it. */
  | 'implied'
  /** The best that can be said without proof. */
  | 'assumed'
  /** Not to be known from what was asked. */
  | 'unknown';

export interface Finding {
  /** `area.fact`, stable: scripts may look for it. */
  readonly name: string;
  /** Null exactly when unknown. */
  readonly value: string | number | boolean | null;
  readonly unit?: string;
  /** Where a number is only known to lie between two. */
  readonly low?: number;
  readonly high?: number;
  readonly confidence: Confidence;
  /** One line. */
  readonly evidence: string;
}

type Rest = Omit<Finding, 'name' | 'value' | 'confidence' | 'evidence'>;

export function finding(
  name: string,
  value: string | number | boolean,
  confidence: Exclude<Confidence, 'unknown'>,
  evidence: string,
  rest: Rest = {},
): Finding {
  return { name, value, ...rest, confidence, evidence };
}

export function unknown(name: string, evidence: string): Finding {
  return { name, value: null, confidence: 'unknown', evidence };
}

/** `33.3 %`. */
export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : (part / whole) * 100;
  return `${share.toFixed(share > 0 && share < 10 ? 1 : 0)} %`;
}

/** The middle of the values; the mean of the two middle ones. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The value that a share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
