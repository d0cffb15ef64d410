/** All findings of a notebook, in the order in which a reader wants them. */
import type { EventSource } from '../../source/source.js';
import type { Extent } from '../extent.js';
import type { Finding } from '../finding.js';
import type { Notebook } from '../observations.js';
import { aboutCursors } from './about-cursors.js';
import { aboutLatency } from './about-latency.js';
import { aboutLimits } from './about-limits.js';
import { aboutPages } from './about-pages.js';
import { aboutApi, aboutLists, aboutTotal } from './about-source.js';

export function findingsOf(notebook: Notebook, extent: Extent, source: EventSource): Finding[] {
  return [
    ...aboutApi(notebook),
    ...aboutPages(notebook, source),
    ...aboutTotal(notebook, extent),
    ...aboutCursors(notebook),
    ...aboutLimits(notebook),
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
