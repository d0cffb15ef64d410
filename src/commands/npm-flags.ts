/**
 * Flags that npm has taken for itself: `npm run ingest --dry-run` gives the flag to npm, which makes a
 * variable npm_config_dry_run of it, and the command would run without it. Pure.
 */
import { nearestName } from '../source/resembling.js';
import type { CommandShape, OptionShape } from './command-tree.js';

/** What npm says to a script of its configuration: names as in npm_config_NAME. */
export type NpmConfig = Readonly<Record<string, string>>;

const NOT_OURS = new Set(['--help', '--version']);

/**
 * @param commands of the program: flags of another command are named too, for they were meant for us
 * @returns the flags as they should have been written, after `--`
 */
export function swallowedFlags(
  command: string,
  commands: readonly CommandShape[],
  config: NpmConfig,
): readonly string[] {
  const own = commands.filter(({ name }) => name === command);
  const others = commands.filter(({ name }) => name !== command);
  const options = new Map<string, OptionShape>();
  for (const option of [...own, ...others].flatMap((each) => each.options)) {
    if (option.long === null || NOT_OURS.has(option.long)) continue;
    const name = nameOf(option.long);
    if (!options.has(name)) options.set(name, option);
  }
  return Object.entries(config).flatMap(([name, value]) => {
    const known = options.get(name) ?? resembled(name, options);
    return known !== undefined && isGiven(known, value) ? [spelled(known, value)] : [];
  });
}

function resembled(
  name: string,
  options: ReadonlyMap<string, OptionShape>,
): OptionShape | undefined {
  const nearest = nearestName(name, [...options.keys()].filter(isLong));
  return nearest === null ? undefined : options.get(nearest);
}

/** A slip in a short name is too often another name: npm has `omit`, we have `limit`. */
function isLong(name: string): boolean {
  return name.length > 5;
}

/** As npm names it: `--max-events` is npm_config_max_events, `--no-database` an empty npm_config_database. */
function nameOf(long: string): string {
  return long.replace(/^--(?:no-)?/, '').replaceAll('-', '_');
}

/** npm gives each script its own switches too: one that is off was not given to us. */
function isGiven({ long, takesValue }: OptionShape, value: string): boolean {
  const isOff = value === '' || value === 'false';
  return takesValue || isOff === (long?.startsWith('--no-') === true);
}

/** npm gives `true` where the value was a word of its own, which it has left to us. */
function spelled({ long, takesValue }: OptionShape, value: string): string {
  if (!takesValue) return long ?? '';
  const isPlain = /^[\w./:@%+,-]+$/.test(value);
  return value === 'true' || !isPlain ? `${long} …` : `${long}=${value}`;
}

/** What happened, and how the command line is written so that it does not. */
export function swallowedText(
  command: string,
  args: readonly string[],
  flags: readonly string[],
): string {
  const names = flags.map((flag) => flag.replace(/[ =].*/, ''));
  // A value that was a word of its own cannot be told from an argument.
  const words = flags.some((flag) => flag.endsWith('…')) ? flags : [...args, ...flags];
  const variables = names.map((name) => `npm_config_${nameOf(name)}`);
  return (
    `npm has kept ${names.join(', ')} for itself, and ${command} would run without: nothing was done.\n` +
    `Flags of ${command} come after --:\n` +
    `  npm run ${command} -- ${words.join(' ')}\n` +
    `If you did not write ${names.length === 1 ? 'it' : 'them'}, an .npmrc or ${variables.join(', ')} sets ${names.length === 1 ? 'it' : 'them'}.`
  );
}
