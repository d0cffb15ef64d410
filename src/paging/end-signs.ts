/** What a page says of the end: whether there is more, and how much there is in all. */
import { pathSteps, valueAt } from './json-path.js';
import { type Broken, broken } from './ways.js';

const YES: readonly unknown[] = [true, 1, 'true', 'yes', 'y', 't', '1'];
const NO: readonly unknown[] = [false, 0, 'false', 'no', 'n', 'f', '0'];

/** What a page says of the end. Null: its source file names no path to it. */
export interface EndSigns {
  readonly type: 'signs';
  readonly hasMore: boolean | null;
  /** Records or pages, as the file means it. */
  readonly total: number | null;
}

/**
 * @returns a reader of bodies: what a body says, or that it does not say what the file promises of it
 */
export function endSignReader(paths: {
  readonly hasMorePath: string | null;
  readonly totalPath: string | null;
}): (body: unknown) => EndSigns | Broken {
  const { hasMorePath, totalPath } = paths;
  const moreSteps = hasMorePath === null ? null : pathSteps(hasMorePath);
  const totalSteps = totalPath === null ? null : pathSteps(totalPath);
  return (body) => {
    const hasMore = moreSteps === null ? null : yesOrNo(valueAt(moreSteps, body));
    if (hasMore === undefined) {
      return broken(
        `says neither yes nor no at ${hasMorePath}, which tells whether there is more`,
        'Name in has_more_path where the API tells it, or leave that out',
      );
    }
    const total = totalSteps === null ? null : wholeNumber(valueAt(totalSteps, body));
    if (total === undefined) {
      return broken(
        `has no whole number at ${totalPath}, which tells how much there is in all`,
        'Name in total_path where the API tells it; where it does not, set total_path: null in the paginator, and the walk goes to an empty page',
      );
    }
    return { type: 'signs', hasMore, total };
  };
}

/** Undefined: it is neither. */
function yesOrNo(value: unknown): boolean | undefined {
  const sign = typeof value === 'string' ? value.toLowerCase() : value;
  if (YES.includes(sign)) return true;
  return NO.includes(sign) ? false : undefined;
}

/** A number or its digits; undefined: it is none, or less than 0. */
export function wholeNumber(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,16}$/.test(value);
  const number = isDigits ? Number(value) : value;
  const isWhole = typeof number === 'number' && Number.isSafeInteger(number) && number >= 0;
  return isWhole ? number : undefined;
}
