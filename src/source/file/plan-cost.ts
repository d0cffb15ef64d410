/** The plan of a limit of points: an answer tells of it in its body, or in its headers. */
import type { CostHeaders, CostLimit } from '../plan.js';
import type { FieldPath, FileNotes } from './file-note.js';
import type { LimitFields } from './ingestion-shape.js';
import { checkPathFields } from './paths.js';

type CostFields = NonNullable<LimitFields['cost']>;

/** At most one of the two; none: the file is at fault. */
export interface CostPlan {
  readonly paths: CostLimit | null;
  readonly headers: CostHeaders | null;
}

const FACTS = ['request', 'available', 'maximum'] as const;
type Fact = (typeof FACTS)[number];
const NEITHER: CostPlan = { paths: null, headers: null };

export function planCost(cost: CostFields, at: FieldPath, notes: FileNotes): CostPlan {
  checkPathFields(cost, at, notes);
  for (const field of ['restore_per_second_path', 'restore_per_second_header'] as const) {
    if (cost[field] == null) continue;
    const why = 'changes nothing here: what is available tells how fast points come back';
    notes.warn([...at, field], why);
  }
  const pathOf = (fact: Fact) => cost[`${fact}_path`] ?? null;
  const headerOf = (fact: Fact) => cost[`${fact}_header`]?.toLowerCase() ?? null;
  const doubled = FACTS.filter((fact) => pathOf(fact) !== null && headerOf(fact) !== null);
  const missing = FACTS.filter((fact) => pathOf(fact) === null && headerOf(fact) === null);
  for (const fact of doubled) {
    notes.fault([...at, `${fact}_header`], `says again what ${fact}_path says; keep one of them`);
  }
  for (const fact of missing) {
    notes.fault(at, `needs ${fact}_path or ${fact}_header, as the API tells it`);
  }
  if (doubled.length + missing.length > 0) return NEITHER;
  const values = (of: (fact: Fact) => string | null) => FACTS.flatMap((fact) => of(fact) ?? []);
  const [requestPath, availablePath, maximumPath] = values(pathOf);
  const [request, available, maximum] = values(headerOf);
  if (maximumPath !== undefined && requestPath !== undefined && availablePath !== undefined) {
    return { paths: { requestPath, availablePath, maximumPath }, headers: null };
  }
  if (maximum !== undefined && request !== undefined && available !== undefined) {
    return { paths: null, headers: { type: 'cost', request, available, maximum } };
  }
  notes.fault(at, 'is told in the body or in headers; name three paths, or three headers');
  return NEITHER;
}
