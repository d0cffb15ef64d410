/** All findings of a notebook, in the order in which a reader wants them. */
import type { RecordFields } from '../census.js';
import type { Extent } from '../extent.js';
import type { Finding } from '../finding.js';
import type { Notebook } from '../observations.js';
import { aboutCursors } from './about-cursors.js';
import { aboutLatency } from './about-latency.js';
import { aboutLimits } from './about-limits.js';
import { aboutPages } from './about-pages.js';
import { aboutPaging } from './about-paging.js';
import { aboutApi, aboutLists, aboutTotal } from './about-source.js';

/** What is known of the source without asking. */
export interface KnownSource {
  readonly fields: RecordFields;
  /** How it pages, in words; of one that finds it out, as was found; null: it is not said. */
  readonly paging: string | null;
  /** Limits that its file declares, in words; null: none. */
  readonly declaredLimits: string | null;
  readonly hasCredentials: boolean;
}

export function findingsOf(notebook: Notebook, extent: Extent, known: KnownSource): Finding[] {
  return [
    ...aboutApi(notebook, known.hasCredentials),
    ...aboutPages(notebook, known.fields),
    ...aboutPaging(notebook, known.paging),
    ...aboutTotal(notebook, extent),
    ...aboutCursors(notebook),
    ...aboutLimits(notebook, known.declaredLimits),
    ...aboutLatency(notebook),
    ...aboutLists(notebook.lists),
  ];
}

/** The value of a finding, if it is known and of that type. */
export function numberOf(findings: readonly Finding[], name: string): number | null {
  const value = findings.find((finding) => finding.name === name)?.value;
  return typeof value === 'number' ? value : null;
}

export function isTrueFinding(findings: readonly Finding[], name: string): boolean {
  return findings.find((finding) => finding.name === name)?.value === true;
}
