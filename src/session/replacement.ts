/** Which tables a run of `replace` is about. */
import type { Replacement } from '../database/replace-rows.js';
import { loadingTarget, tableOf } from '../postgres/stream-table.js';
import type { WriterTarget } from '../protocol/record-target.js';

/** @returns null where rows go where readers see them */
export function replacementOf(target: WriterTarget): Replacement | null {
  const loading = loadingTarget(target);
  if (loading === null) return null;
  return {
    table: tableOf(target).qualified,
    relation: target.table,
    loading: tableOf(loading).qualified,
  };
}
