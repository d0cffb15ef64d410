/**
 * A record in quarantine: the text that the ledger keeps of it, and the call by which the writer tries the
 * records of a page once more.
 */
import type { Fault } from '../core/fault.js';

/** Of bytes that text cannot hold: this mark, and the bytes in base64. */
export const BASE64_MARK = 'base64:';
/** At the end of the reason of such a record, which tells it from one whose text begins with the mark. */
export const BASE64_NOTE = '; raw_text has its bytes in base64';

/** A record as the ledger keeps it. */
export interface KeptRecord {
  readonly reason: string;
  readonly rawText: string;
}

export function isInBase64({ reason, rawText }: KeptRecord): boolean {
  return reason.endsWith(BASE64_NOTE) && rawText.startsWith(BASE64_MARK);
}

/** The record as it came. */
export function recordBytes(kept: KeptRecord): Uint8Array {
  const { rawText } = kept;
  return isInBase64(kept)
    ? Buffer.from(rawText.slice(BASE64_MARK.length), 'base64')
    : Buffer.from(rawText);
}

/** The reason as the ledger has it. @param kept the record, which has another reason until now */
export function keptReason(kept: KeptRecord, reason: string): string {
  return isInBase64(kept) ? reason + BASE64_NOTE : reason;
}

export interface QuarantinedRecord extends KeptRecord {
  /** 0-based place in its page. */
  readonly index: number;
}

/** Records of one page that are to be tried again. */
export interface PageRetry {
  readonly run: number;
  readonly segment: number;
  readonly page: number;
  /** By index; not empty. */
  readonly records: readonly QuarantinedRecord[];
}

/** What became of them. */
export interface RetryCounts {
  readonly inserted: number;
  readonly updated: number;
  /** Their key is in the table already, with a row that stays. */
  readonly duplicate: number;
  /** They stay in quarantine. */
  readonly refused: number;
}

export const NO_RETRIES: RetryCounts = { inserted: 0, updated: 0, duplicate: 0, refused: 0 };

export function addRetries(one: RetryCounts, other: RetryCounts): RetryCounts {
  return {
    inserted: one.inserted + other.inserted,
    updated: one.updated + other.updated,
    duplicate: one.duplicate + other.duplicate,
    refused: one.refused + other.refused,
  };
}

export type RetryResult =
  | ({ readonly type: 'retried' } & RetryCounts)
  /** Nothing of the page has changed. */
  | { readonly type: 'failed'; readonly fault: Fault };

/** An escaped NUL, half a pair of surrogates, or, to be passed over, a backslash that is one itself. */
const ESCAPES =
  /(\\\\)|\\u0000|\\ud[89ab][\da-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][\da-f]{2})\\ud[c-f][\da-f]{2}/gi;

/** The record as text that PostgreSQL can read as JSON, if it is any, without what it cannot store. */
export function readableText(kept: KeptRecord): string {
  const text = Buffer.from(recordBytes(kept)).toString('utf8');
  return text.replaceAll('\0', '').replaceAll(ESCAPES, (_, backslash?: string) => backslash ?? '');
}
