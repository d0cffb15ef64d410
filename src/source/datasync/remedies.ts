/** What to do where the DataSync API refuses. */
import { credentialsText } from '../file/references.js';
import type { Remedies } from '../http-fault.js';

export const ADDRESS = { setting: 'API_BASE_URL', hint: 'it ends in /api/v1' } as const;

/** @param credentials see `SourcePlan.credentials` */
export function remediesFor(credentials: readonly string[]): Remedies {
  const { setting, hint } = ADDRESS;
  return {
    credentials: `Check ${credentialsText(credentials)} and ${setting}`,
    address: `Check ${setting}; ${hint}`,
    redirect: `Set ${setting} to the final address`,
  };
}
