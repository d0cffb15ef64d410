/**
 * The cluster as the ledger has it: runs that members share and that are not over, who works on them, and who
 * holds what. Every process sees the same; status, metrics and dashboard show it. Instants are epoch ms by the
 * clock of the database.
 */

export interface ClusterView {
  readonly atMs: number;
  readonly runs: readonly RunMembers[];
}

/** A run that is not over, with those who work on it and those who died lately. */
export interface RunMembers {
  readonly run: number;
  readonly source: string;
  readonly stream: string;
  readonly origin: string;
  readonly members: readonly SeenMember[];
}

export interface SeenMember {
  readonly epoch: number;
  /** Host and process number. */
  readonly name: string;
  readonly version: string;
  readonly phase: MemberPhase;
  readonly joinedAtMs: number;
  readonly leaseUntilMs: number;
  /** Its lease is over. */
  readonly isDead: boolean;
  readonly figures: MemberFigures;
  /** Open segments that it holds. */
  readonly segments: number;
  /** Numbers of the first few of them. */
  readonly held: readonly number[];
}

/** How far a shared run is, by all its members. */
export interface SharedProgress {
  readonly run: number;
  /** That its pages wrote, and that were there before them. */
  readonly rows: number;
  /** What the source says it holds; null: it has not said. */
  readonly total: number | null;
}

/** `idle`: it has nothing to walk. `atEnd`: it waits for all others before it believes an end. */
export type MemberPhase = 'walking' | 'idle' | 'atEnd';

/** What a member has done, and has under way. */
export interface MemberFigures {
  readonly requests: number;
  readonly rows: number;
  /** Just now. */
  readonly rowsPerSecond: number;
  readonly inFlight: number;
  /** See `Scheduler.heldRecords`. */
  readonly heldRecords: number;
}

/** Of one that has just joined. */
export const NO_FIGURES: MemberFigures = {
  ...{ requests: 0, rows: 0, rowsPerSecond: 0 },
  ...{ inFlight: 0, heldRecords: 0 },
};

export function livingMembers({ members }: RunMembers): SeenMember[] {
  return members.filter(({ isDead }) => !isDead);
}
