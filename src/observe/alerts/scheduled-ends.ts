/**
 * Which ends of a schedule's runs are told. An end is news once: a reason that lasts over many attempts
 * is told when it comes up, and again only after a complete run. That a run is complete is told of the
 * first, and of one that follows a failure or a pause that was told.
 */
import type { Alert } from './alert.js';

interface ToldOfStream {
  hasCompleted: boolean;
  /** Kinds and reasons since the last complete run. */
  readonly ends: Set<string>;
}

export class ScheduledEnds {
  readonly #streams = new Map<string, ToldOfStream>();

  /** Called of each alert in turn. @returns whether to send it */
  isNews(stream: string, { action, kind, reason }: Alert): boolean {
    const told = this.#of(stream);
    if (action === 'resolve') {
      // Whoever keeps incidents open has closed it: the same end would open it again.
      for (const end of [...told.ends]) if (end.startsWith(`${kind} `)) told.ends.delete(end);
      return true;
    }
    if (kind === 'finished') {
      const isNews = !told.hasCompleted || told.ends.size > 0;
      told.hasCompleted = true;
      told.ends.clear();
      return isNews;
    }
    if (kind !== 'failed' && kind !== 'paused') return true;
    const end = `${kind} ${sameOver(reason ?? '')}`;
    if (told.ends.has(end)) return false;
    told.ends.add(end);
    return true;
  }

  #of(stream: string): ToldOfStream {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const told = { hasCompleted: false, ends: new Set<string>() };
    this.#streams.set(stream, told);
    return told;
  }
}

/** Counts, spans and instants differ from one attempt to the next. */
function sameOver(reason: string): string {
  return reason.replaceAll(/\d+/g, '#');
}
