/** A request for a page, whichever source it is of. */

/**
 * Complete but for what every request of the client carries: the credentials, and the headers of the
 * source. Its path and its parameters may still hold a secret of the file: messages are redacted, and the
 * ledger keeps cursors in place of requests.
 */
export interface PageRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null: none. */
  readonly body: string | null;
}

/**
 * Several sets of headers as one; of a name that several hold, in whatever case, the last counts.
 * Cookies are joined, for each set may hold another one.
 *
 * @returns names in lower case
 */
export function mergedHeaders(
  ...sets: readonly Readonly<Record<string, string>>[]
): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [given, value] of sets.flatMap((set) => Object.entries(set))) {
    const name = given.toLowerCase();
    const before = name === 'cookie' ? merged[name] : undefined;
    merged[name] = before === undefined ? value : `${before}; ${value}`;
  }
  return merged;
}
