/** Which part of a stream the flags of a command ask for. */

import type { ConfigFault, Flags } from './config.js';
import type { AskedPass } from './config-shape.js';

export function askedPass({ full, since, until }: Flags): AskedPass {
  if (full === true) return { type: 'full' };
  if (since === undefined && until === undefined) return { type: 'next' };
  const value = (given: unknown) => (given === undefined ? null : String(given));
  return { type: 'range', since: value(since), until: value(until) };
}

export function askedFaults({ full, since, until }: Flags): ConfigFault[] {
  if (full !== true || (since ?? until) === undefined) return [];
  return [{ setting: '--full', message: 'reads all; leave it out, or --since and --until' }];
}
