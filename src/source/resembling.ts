/** Which known name somebody may have meant by one that is not known. Pure. */

/** Of two short names any two letters apart, one is rarely a slip of the other. */
const SHORT_CHARS = 8;

/**
 * Compares without case, underscores and hyphens, so that `apiBaseUrl` is API_BASE_URL.
 *
 * @returns the nearest of the known names; null when none is near
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  const letters = lettersOf(name);
  let nearest: string | null = null;
  let least = letters.length < SHORT_CHARS ? 1 : 2;
  for (const candidate of known) {
    const edits = editsBetween(letters, lettersOf(candidate));
    if (edits > least || (edits === least && nearest !== null)) continue;
    nearest = candidate;
    least = edits;
  }
  return nearest;
}

function lettersOf(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}

/** Letters to insert, delete, replace, or swap with their neighbour (optimal string alignment). */
function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        row > 1 && column > 1 && isSwap ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = next;
  }
  return last[to.length] ?? 0;
}
