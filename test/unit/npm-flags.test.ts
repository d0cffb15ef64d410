import { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { programShape } from '../../src/commands/command-tree.js';
import { swallowedFlags, swallowedText } from '../../src/commands/npm-flags.js';
import { nearestName } from '../../src/source/resembling.js';

function sampleProgram(): Command {
  const program = new Command('datasync').version('1.0.0');
  program
    .command('ingest')
    .option('--limit <n>', 'events a page')
    .option('--max-events <n>', 'stop after')
    .addOption(new Option('--write-method <m>', 'how').choices(['auto', 'copy']))
    .option('--dry-run', 'write nothing')
    .option('--json', 'one line');
  program.command('explore').option('--no-database', 'without').option('--budget <n>', 'requests');
  program.command('submit').option('--yes', 'do not ask').option('--output <file>', 'where to');
  return program;
}

const { commands } = programShape(sampleProgram());
const swallowed = (config: Record<string, string>, command = 'ingest') =>
  swallowedFlags(command, commands, config);

describe('of what npm keeps for itself', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ["a switch that is also npm's", { dry_run: 'true' }, ['--dry-run']],
    ["another of npm's", { json: 'true' }, ['--json']],
    ['a value after a sign', { limit: '5' }, ['--limit=5']],
    ['a value that was a word of its own', { max_events: 'true' }, ['--max-events …']],
    ['an empty value', { limit: '' }, ['--limit …']],
    ['a value that a shell would split', { write_method: 'a b' }, ['--write-method …']],
    ['a flag of another command', { yes: 'true' }, ['--yes']],
    ['a negation, which is an empty variable', { database: '' }, ['--no-database']],
    ['letters in camel case, which npm makes small', { maxevents: '3' }, ['--max-events=3']],
    ['a slip', { max_event: '3', dryrun: 'true' }, ['--max-events=3', '--dry-run']],
    ['several', { json: 'true', limit: '7' }, ['--json', '--limit=7']],
  ])('%s is a flag', (_, config, flags) => {
    expect(swallowed(config)).toEqual(flags);
  });

  test.each<[string, Record<string, string>]>([
    ['a switch that is off', { yes: '', json: 'false', dry_run: '' }],
    ['a negation taken back', { database: 'true' }],
    [
      "npm's own",
      { fund: '', omit: 'dev', audit_level: 'high', registry: 'http://x', timing: '1' },
    ],
    ['help and version', { help: 'true', version: '1.0.0' }],
  ])('%s is none', (_, config) => {
    expect(swallowed(config)).toEqual([]);
  });
});

describe('what is said', () => {
  test('repeats the line as it should have been, with its arguments', () => {
    const text = swallowedText('submit', ['https://github.com/a/b'], ['--yes', '--output=ids.txt']);
    expect(text).toMatch(/^npm has kept --yes, --output for itself/);
    expect(text).toMatch('  npm run submit -- https://github.com/a/b --yes --output=ids.txt\n');
    expect(text).toMatch('npm_config_yes, npm_config_output');
  });

  test('guesses no value that npm has torn from its flag', () => {
    expect(swallowedText('ingest', ['5'], ['--limit …'])).toMatch('npm run ingest -- --limit …\n');
  });
});

describe('the nearest name', () => {
  const KNOWN = ['API_BASE_URL', 'TARGET_API_KEY', 'HTTP_PORT', 'BATCH_SIZE', 'LOG_LEVEL'];
  test.each([
    ['API_BASE_URI', 'API_BASE_URL'],
    ['TARGET_APIKEY', 'TARGET_API_KEY'],
    ['TARGTE_API_KEY', 'TARGET_API_KEY'],
    ['target_api_keys', 'TARGET_API_KEY'],
    ['BATHC_SIZE', 'BATCH_SIZE'],
    ['HTTP_PROT', 'HTTP_PORT'],
  ])('of %s is %s', (name, known) => expect(nearestName(name, KNOWN)).toBe(known));

  test.each(['PATH', 'HTTP_PROXY', 'SHELL', 'PORT', 'API_VERSION_URL', ''])(
    'of %j is none',
    (name) => expect(nearestName(name, KNOWN)).toBeNull(),
  );
});
