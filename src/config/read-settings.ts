/** The configuration of this process: `.env` and its variables, with the flags of its command. */
import { type ConfigResult, type Flags, readConfig, SETTING_NAMES } from './config.js';
import { EnvFileError } from './env-file.js';
import { type Environment, readEnvironment } from './environment.js';
import { findSlips, type Slip } from './slips.js';
import type { SourceChoice } from './source-choice.js';

const DEFAULT_SOURCE = 'datasync';

export type SettingsResult = ConfigResult & {
  /** Variables that may have been meant as settings. */
  readonly slips: readonly Slip[];
};

/** @returns the frozen configuration, or every fault of it */
export async function readSettings(flags: Flags): Promise<SettingsResult> {
  try {
    const environment = readEnvironment('.env');
    const slips = findSlips(environment, SETTING_NAMES);
    const choice = await choiceOf(environment, flags);
    if (choice?.type === 'faulty') return { ok: false, faults: choice.faults, slips };
    return { ...readConfig(environment, flags, choice), slips };
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    return { ok: false, faults: [{ setting: '.env', message: error.message }], slips: [] };
  }
}

/** Null: DataSync's, which needs no file. */
async function choiceOf(environment: Environment, flags: Flags): Promise<SourceChoice | null> {
  const source = String(flags.source ?? environment.SOURCE ?? DEFAULT_SOURCE);
  if (source === DEFAULT_SOURCE) return null;
  const resource = flags.resource ?? flags.stream;
  // Its reading of YAML costs a start without a file 20 ms.
  const { chooseSource } = await import('./source-choice.js');
  return chooseSource({
    source,
    resources: Array.isArray(resource) ? resource.map(String) : [],
    environment,
    readsOnly: flags.readsOnly === true,
    baseUrl: environment.API_BASE_URL ?? null,
  });
}
