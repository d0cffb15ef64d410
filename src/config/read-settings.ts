/** The configuration of this process: `.env` and its variables, with the flags of its command. */
import { type ConfigResult, type Flags, readConfig, SETTING_NAMES } from './config.js';
import { EnvFileError } from './env-file.js';
import { readEnvironment } from './environment.js';
import { findSlips, type Slip } from './slips.js';

export type SettingsResult = ConfigResult & {
  /** Variables that may have been meant as settings. */
  readonly slips: readonly Slip[];
};

/** @returns the frozen configuration, or every fault of it */
export function readSettings(flags: Flags): SettingsResult {
  try {
    const environment = readEnvironment('.env');
    const slips = findSlips(environment, SETTING_NAMES);
    return { ...readConfig(environment, flags), slips };
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    return { ok: false, faults: [{ setting: '.env', message: error.message }], slips: [] };
  }
}
