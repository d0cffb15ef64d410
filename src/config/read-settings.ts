/** The configuration of this process: `.env` and its variables, with the flags of its command. */
import { referenceNames } from '../source/file/references.js';
import { referenceText, secretReferences } from '../source/file/secrets.js';
import { type ConfigResult, type Flags, readConfig, SETTING_NAMES } from './config.js';
import { EnvFileError } from './env-file.js';
import { type Environment, readEnvironment } from './environment.js';
import { type ReadSource, readSource } from './read-source.js';
import { findSlips, type Slip } from './slips.js';
import { chooseSource } from './source-choice.js';
import { DEFAULT_SOURCE } from './source-files.js';

export type SettingsResult = ConfigResult & {
  /** Variables that may have been meant as settings. */
  readonly slips: readonly Slip[];
};

/** @returns the frozen configuration, or every fault of it */
export async function readSettings(flags: Flags): Promise<SettingsResult> {
  try {
    const environment = readEnvironment('.env');
    const read = await readSource(String(flags.source ?? environment.SOURCE ?? DEFAULT_SOURCE));
    if (read.type === 'none') {
      const faults = [{ setting: 'SOURCE', message: read.message }];
      return { ok: false, faults, slips: findSlips(environment, SETTING_NAMES) };
    }
    const slips = findSlips(environment, [...SETTING_NAMES, ...variablesOf(read)]);
    return { ...configFrom(read, environment, flags), slips };
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    return { ok: false, faults: [{ setting: '.env', message: error.message }], slips: [] };
  }
}

/** @returns the frozen configuration over that source, or every fault of it */
export function configFrom(read: ReadSource, environment: Environment, flags: Flags): ConfigResult {
  const resource = flags.resource ?? flags.stream;
  const choice = chooseSource(read, {
    resources: Array.isArray(resource) ? resource.map(String) : [],
    environment,
    isUnasked: flags.readsOnly === true || flags.simulate === true,
  });
  if (choice.type === 'faulty') return { ok: false, faults: choice.faults };
  return readConfig(environment, flags, choice);
}

function variablesOf({ loaded }: ReadSource): readonly string[] {
  if (loaded.type === 'faulty') return [];
  return referenceNames(secretReferences(loaded.plan).map(referenceText));
}
