/**
 * The second look: which row is it? Pure; the rows are streamed once more.
 *
 * What a page claims less what the table holds of it is a digest, and where one row is to blame, the
 * digest is that row's: a row too many is found by it, a row whose instant was changed by the
 * instant that the sums tell, a row that left its page by the one too many elsewhere. Of a row that
 * is gone only its instant is known.
 */
import type { Judgement, Suspect } from './judge-table.js';
import type { TableView } from './page-claims.js';
import { idText, instantName } from './page-names.js';
import type { RowColumns } from './row-decoder.js';
import { hasSameDigest, minus, type Sum, sumOfRow } from './sums.js';

/** Beyond these nothing single is to blame, and looking for it would take its time. */
const SUSPECTS_MAX = 50;
const IDS_MAX = 3;

interface FoundRow {
  readonly id: Uint8Array;
  readonly ms: number;
}

interface Trail {
  readonly suspect: Suspect;
  /** What the ledger claims and the table does not hold. */
  readonly lost: Sum;
  /** The row too many, or the changed one. */
  found: FoundRow | null;
}

export class RowLocator {
  readonly #view: TableView;
  readonly #trails: readonly Trail[];
  readonly #byElement = new Map<number, Trail[]>();
  /** Some of the rows that no page claims, by element. */
  readonly #unclaimed = new Map<number, FoundRow[]>();

  constructor(view: TableView, { suspects, unclaimedElements }: Judgement) {
    this.#view = view;
    this.#trails = suspects.slice(0, SUSPECTS_MAX).map((suspect) => ({
      suspect,
      lost: minus(suspect.page.timed, suspect.claim.held),
      found: null,
    }));
    for (const trail of this.#trails) {
      const { after, through } = trail.suspect.page;
      const { from, to } = view.breakpoints.range(after, through);
      for (let element = from; element < to; element++) {
        const trails = this.#byElement.get(element);
        if (trails === undefined) this.#byElement.set(element, [trail]);
        else trails.push(trail);
      }
    }
    for (const element of unclaimedElements) this.#unclaimed.set(element, []);
  }

  get isNeeded(): boolean {
    return this.#trails.length > 0 || this.#unclaimed.size > 0;
  }

  look({ rowCount, ids, occurredAtMs, fractionUs }: RowColumns): void {
    for (let row = 0; row < rowCount; row++) {
      const ms = occurredAtMs[row] as number;
      if (Number.isNaN(ms)) continue;
      const element = this.#view.breakpoints.elementOf(ids, row, ms);
      const unclaimed = this.#unclaimed.get(element);
      if (unclaimed !== undefined && unclaimed.length < IDS_MAX) {
        unclaimed.push(copyOf(ids, row, ms));
      }
      const trails = this.#byElement.get(element);
      if (trails === undefined) continue;
      const sum = sumOfRow(ids, row, ms, fractionUs[row] as number);
      for (const trail of trails) {
        if (trail.found === null && isToBlame(trail, ids, row, ms, sum)) {
          trail.found = copyOf(ids, row, ms);
        }
      }
    }
  }

  /** What was found of a suspect; empty: nothing. */
  noteOn(suspect: Suspect): string {
    const trail = this.#trails.find((one) => one.suspect === suspect);
    if (trail === undefined) return '';
    const { lost, found } = trail;
    const claimedMs = Number(lost.ms);
    switch (suspect.claim.type) {
      case 'surplus':
        return found === null ? '' : `id ${idText(found.id)} of ${instantName(found.ms)}`;
      case 'changed':
        if (found !== null) {
          const was = instantName(found.ms + claimedMs);
          return `id ${idText(found.id)} is at ${instantName(found.ms)} and was at ${was}`;
        }
        return lost.ms === 0n ? 'the instants are the same, so an id' : '';
      case 'missing': {
        if (suspect.claim.count !== 1) return '';
        const moved = this.#spareRows().find(({ id }) =>
          hasSameDigest(sumOfRow(id, 0, claimedMs), lost),
        );
        if (moved === undefined) return `it was of ${instantName(claimedMs)}`;
        const was = instantName(claimedMs);
        return `id ${idText(moved.id)} was of ${was} and is at ${instantName(moved.ms)}`;
      }
    }
  }

  unclaimedIds(element: number): string[] {
    return (this.#unclaimed.get(element) ?? []).map(({ id }) => idText(id));
  }

  /** Rows that are where none is claimed. */
  #spareRows(): FoundRow[] {
    const surplus = this.#trails
      .filter(({ suspect }) => suspect.claim.type === 'surplus')
      .flatMap(({ found }) => (found === null ? [] : [found]));
    return [...surplus, ...[...this.#unclaimed.values()].flat()];
  }
}

function isToBlame(
  { suspect, lost }: Trail,
  ids: Uint8Array,
  row: number,
  ms: number,
  sum: Sum,
): boolean {
  switch (suspect.claim.type) {
    case 'missing':
      return false;
    case 'surplus': {
      const spare = minus(suspect.claim.held, suspect.page.timed);
      return suspect.claim.count === 1 && hasSameDigest(sum, spare);
    }
    case 'changed': {
      const asClaimed = sumOfRow(ids, row, ms + Number(lost.ms));
      return hasSameDigest(minus(asClaimed, sum), lost);
    }
  }
}

function copyOf(ids: Uint8Array, row: number, ms: number): FoundRow {
  return { id: ids.slice(row * 16, row * 16 + 16), ms };
}
