/** Help: which members leave something to those that have nothing to do, and who takes what dead ones held. */

export interface MemberLoad {
  /** Tells members of a run apart. */
  readonly epoch: number;
  readonly phase: 'walking' | 'idle' | 'atEnd';
  /** What it could leave: see `Giving`. */
  readonly shareable: number;
}

/** @param free segments that nobody holds: idle members take these first */
export function givesHelp(epoch: number, members: readonly MemberLoad[], free: number): boolean {
  const wanting = members.filter(({ phase }) => phase === 'idle').length - free;
  if (wanting <= 0) return false;
  const givers = members
    .filter(({ phase, shareable }) => phase === 'walking' && shareable > 0)
    .sort((a, b) => b.shareable - a.shareable || a.epoch - b.epoch);
  return givers.slice(0, wanting).some((giver) => giver.epoch === epoch);
}

/** Whether busy members also take what dead ones held: only while no member is idle, for that one takes it at once. */
export function takesBeside(members: readonly MemberLoad[]): boolean {
  return members.every(({ phase }) => phase !== 'idle');
}
