/** Lease: how long others leave to a member what it holds, though nothing is heard of it. */

/** The lease is renewed so many times within its length. */
export const RENEWALS = 4;
/** Others may have left something meanwhile, or the run may be through. */
export const LOOK_EVERY_MS = 1_000;
/** A segment whose dead holder may only have been away, as this member was. */
export const AGAIN_MS = 1_000;

/** For so long a member must have been without a lapse to take what another holds. */
export function steadyMsOf(leaseMs: number): number {
  return leaseMs / 2;
}
