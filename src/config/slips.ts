/** Variables that are no setting, but are named so nearly like one that they were meant as it. Pure. */

import { nearestName } from '../source/resembling.js';
import type { Environment } from './environment.js';

export interface Slip {
  readonly name: string;
  /** The setting that was probably meant. */
  readonly meant: string;
}

/** Names of others that are near one of ours. */
const OF_OTHERS = /^(?:HTTPS_|OTEL_|PG|npm_)/;

/** @param settings the names that count; one that is set needs no other to be meant as it */
export function findSlips(environment: Environment, settings: readonly string[]): Slip[] {
  const known = new Set(settings);
  const unset = settings.filter((name) => environment[name] === undefined);
  return Object.keys(environment).flatMap((name) => {
    if (known.has(name) || OF_OTHERS.test(name)) return [];
    const meant = nearestName(name, unset);
    return meant === null ? [] : [{ name, meant }];
  });
}

export function slipText({ name, meant }: Slip): string {
  return `${name} is set and is no setting: ${meant} is, and is not set`;
}
