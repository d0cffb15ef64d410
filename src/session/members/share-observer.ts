/** Told what becomes of a share. It never throws. */
export interface ShareObserver {
  /** @param fromDead so many of them from members that are dead */
  taken(segments: number, fromDead: number): void;
  given(segments: number): void;
  /** The share is over, and not the run. */
  leaseLost(): void;
  /** False: its Redis can't be reached. True: it can again, or need not be any more. */
  queueReached(isReached: boolean): void;
}
