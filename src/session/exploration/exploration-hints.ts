/**
 * What `ingest` takes over from an exploration: starting values where the user set none, and the
 * requests that the API still has logged.
 *
 * They are a start and no more: the first answers correct what is stale or false.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { ASSUMED } from '../../core/announced-limits.js';
import { type LimitLog, longestStarts } from '../../core/limit-log.js';
import type { LimitPolicy } from '../../core/token-bucket.js';
import { explorationForm } from '../../explore/schema.js';
import { explorationFile, explorationOriginOf } from './shown-exploration.js';

const FRESH_MS = 24 * 3_600_000;
/** Until the first answer a false policy holds the run back for at most as long. */
const WINDOW_MS_MAX = 600_000;
/** Two records of one start may differ by this: one was planned, the other is when it left. */
const SAME_START_MS = 300;

/** The part of the logger that is spoken to. */
export interface HintLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Null: not known, or set by the user. */
export interface ExplorationHints {
  readonly pageLimit: number | null;
  readonly policy: LimitPolicy | null;
  readonly bytesPerRecord: number | null;
  readonly startsMs: readonly number[];
}

export const NO_HINTS: ExplorationHints = {
  pageLimit: null,
  policy: null,
  bytesPerRecord: null,
  startsMs: [],
};

/** Reads the exploration of the stream from a folder, if it is there, fits, and is fresh. */
export async function findHints(
  config: Config,
  known: {
    readonly keyHash: string;
    readonly nowMs: number;
    readonly log: HintLog;
    readonly folder?: string;
  },
): Promise<ExplorationHints> {
  const { log, nowMs, keyHash, folder = '.' } = known;
  const file = explorationFile(config);
  let text: string;
  try {
    text = await readFile(join(folder, file), 'utf8');
  } catch {
    return NO_HINTS;
  }
  const read = explorationForm.safeParse(parseJson(text));
  if (!read.success) {
    log.warn({ event: 'exploration_unread' }, `${file} is not readable: passed over`);
    return NO_HINTS;
  }
  const { source, stream, origin, endedAt, startingValues, limitLog } = read.data;
  const ageMs = nowMs - Date.parse(endedAt);
  const isOfStream = source === config.source && stream === config.stream;
  const fits = isOfStream && origin === explorationOriginOf(config.target);
  if (!fits || ageMs < 0 || ageMs > FRESH_MS) return NO_HINTS;
  const { pageRecords, policy, bytesPerRecord } = startingValues;
  const hints: ExplorationHints = {
    pageLimit: config.pageLimit === null ? pageRecords : null,
    policy: policy !== null && policy.windowMs <= WINDOW_MS_MAX ? policy : null,
    bytesPerRecord,
    startsMs: limitLog.keyHash === keyHash ? limitLog.startsMs : [],
  };
  log.info({ event: 'exploration_used' }, describe(file, hints, ageMs));
  return hints;
}

/**
 * The saved log with the exploration's starts that it lacks.
 *
 * @param assumed what limits until an answer says so
 */
export function mergeStarts(
  saved: LimitLog | null,
  hints: ExplorationHints,
  assumed: LimitPolicy | null,
): LimitLog | null {
  const known = longestStarts(saved);
  const unmatched = [...known];
  const missing = hints.startsMs.filter((startMs) => {
    const at = unmatched.findIndex((each) => Math.abs(each - startMs) <= SAME_START_MS);
    if (at !== -1) unmatched.splice(at, 1);
    return at === -1;
  });
  if (missing.length === 0 || assumed === null) return saved;
  const withMissing = (startsMs: readonly number[]) =>
    [...startsMs, ...missing].sort((a, b) => a - b);
  if (saved !== null && saved.limits.length > 0) {
    const limits = saved.limits.map((one) => ({ ...one, startsMs: withMissing(one.startsMs) }));
    return { ...saved, limits };
  }
  // A limit that an earlier run has learned to be none, or a pace, needs no log of starts.
  if (saved?.isLearned === true) return saved;
  const limit = { name: ASSUMED, policy: assumed, isLeaky: false, startsMs: withMissing([]) };
  return { limits: [limit], pace: null, isLearned: false };
}

function describe(file: string, { pageLimit, policy }: ExplorationHints, ageMs: number): string {
  const parts = [
    policy === null ? [] : `${policy.quota} requests in ${policy.windowMs / 1000} s`,
    pageLimit === null ? [] : `pages of ${pageLimit}`,
  ].flat();
  const age =
    ageMs < 5_400_000 ? `${Math.round(ageMs / 60_000)} min` : `${Math.round(ageMs / 3_600_000)} h`;
  const what = parts.length === 0 ? 'nothing new' : parts.join(', ');
  return `starts from ${file} (${age} old): ${what}; live answers correct it`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
