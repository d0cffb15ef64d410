/** Lease: how long others leave to a member what it holds, though nothing is heard of it. */

/** The lease is renewed so many times within its length. */
export const RENEWALS = 4;
/** Others may have left something meanwhile, or the run may be through. */
export const LOOK_EVERY_MS = 1_000;
/** A segment whose dead holder may only have been away, as this member was. */
export const AGAIN_MS = 1_000;

/** A renewal that comes so long behind the one before shows that the member, or the ledger, was away. */
export function lateAfterMs(leaseMs: number): number {
  return (leaseMs / RENEWALS) * 1.5;
}

/**
 * For so long a member must have renewed its lease in time to take what another holds. Where the ledger was away for
 * all, the others renew theirs meanwhile.
 */
export function steadyMsOf(leaseMs: number): number {
  return leaseMs / 2;
}
