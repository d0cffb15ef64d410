/**
 * COPY or INSERT for the next page. Pure.
 *
 * COPY is the faster by a quarter, but one known row rolls a page back and costs it a second time.
 *
 *   copy ──two of the last eight pages held known rows──▶ insert
 *   insert ──eight pages in a row held none──▶ copy
 */
import type { WriteMethod } from '../../src/protocol/writer-messages.js';

const WINDOW_PAGES = 8;
const KNOWN_PAGES_MAX = 2;

export type PageMethod = 'copy' | 'insert';

export interface MethodChoice {
  readonly forced: PageMethod | null;
  readonly current: PageMethod;
  /** Whether each of the last pages held a row that the table already had; newest last. */
  readonly recent: readonly boolean[];
}

/** @param expectsDuplicates begin on the insert path, where the method is not forced */
export function initialChoice(method: WriteMethod, expectsDuplicates: boolean): MethodChoice {
  const forced = method === 'auto' ? null : method;
  return { forced, current: forced ?? (expectsDuplicates ? 'insert' : 'copy'), recent: [] };
}

/** The choice after one more committed page. @param knownRows rows that the table already had */
export function afterPage(choice: MethodChoice, knownRows: number): MethodChoice {
  if (choice.forced !== null) return choice;
  const recent = [...choice.recent, knownRows > 0].slice(-WINDOW_PAGES);
  const knownPages = recent.filter(Boolean).length;
  if (choice.current === 'copy' && knownPages >= KNOWN_PAGES_MAX) {
    return { ...choice, current: 'insert', recent: [] };
  }
  if (choice.current === 'insert' && recent.length === WINDOW_PAGES && knownPages === 0) {
    return { ...choice, current: 'copy', recent: [] };
  }
  return { ...choice, recent };
}
