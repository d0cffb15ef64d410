/** What npm says to the scripts that it runs. */

const CONFIG_PREFIX = 'npm_config_';
/** npm gives these to every script, whatever its command line was. */
const ALWAYS_GIVEN = new Set(
  (
    'cache global_prefix globalconfig init_module local_prefix loglevel node_gyp noproxy ' +
    'npm_version prefix user_agent userconfig'
  ).split(' '),
);

export interface NpmRun {
  /** The name of the script. */
  readonly script: string;
  /** What npm was configured to, its command line included, by names without their prefix. */
  readonly config: Readonly<Record<string, string>>;
}

/** @returns null when no npm script runs this process */
export function npmRun(): NpmRun | null {
  const script = process.env.npm_lifecycle_event;
  if (script === undefined) return null;
  const config: Record<string, string> = {};
  for (const [variable, value] of Object.entries(process.env)) {
    const name = variable.slice(CONFIG_PREFIX.length);
    if (variable.startsWith(CONFIG_PREFIX) && !ALWAYS_GIVEN.has(name)) config[name] = value ?? '';
  }
  return { script, config };
}
