/** The most instants in any span shorter than the window. */
export function fullestWindow(instantsMs: readonly number[], windowMs: number): number {
  const sorted = [...instantsMs].sort((a, b) => a - b);
  let first = 0;
  let fullest = 0;
  for (const [index, atMs] of sorted.entries()) {
    while ((sorted[first] ?? atMs) <= atMs - windowMs) first++;
    fullest = Math.max(fullest, index - first + 1);
  }
  return fullest;
}
