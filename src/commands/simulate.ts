/**
 * `datasync simulate`: the simulator as a process of its own. Its flags are made from the table of
 * knobs, so that every knob has one.
 */
import { Command, Option } from 'commander';
import { z } from 'zod';
import { type SimulatorHandle, startSimulator } from '../simulator/server.js';
import {
  KNOBS,
  type Knob,
  PROFILES,
  type ProfileName,
  type SimulatorSettings,
  settingsFor,
} from '../simulator/settings.js';
import { EXIT } from './exit-codes.js';

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use; choose another with --port, or 0 for a free one',
  EACCES: 'may not be opened by this user; choose one above 1023 with --port',
  EADDRNOTAVAIL: 'cannot be opened: this machine does not have the address of --host',
  ENOTFOUND: 'cannot be opened: the name in --host is not known',
};

interface SimulateFlags {
  readonly profile: ProfileName;
  readonly json?: boolean;
  readonly exitWithParent?: boolean;
}

export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('run the bundled simulator of the DataSync API')
    .addOption(
      new Option('--profile <name>', 'settings to start from')
        .choices(Object.keys(PROFILES))
        .default('fast'),
    )
    .option('--json', 'print one JSON line when it listens')
    .option('--exit-with-parent', 'stop when standard input or the IPC channel closes')
    .addHelpText('after', '\nExample:\n  datasync simulate --port 8080 --profile live');
  for (const knob of KNOBS) command.addOption(optionFor(knob));
  return command.action((flags: SimulateFlags & Record<string, unknown>) =>
    simulate(command, flags),
  );
}

/** No default in the flag itself: what is not given comes from the profile. */
function optionFor(knob: Knob): Option {
  const name = kebabCase(knob.name);
  if (knob.preset === true) return new Option(`--no-${name}`, `not: ${knob.meaning}`);
  if (knob.preset === false) return new Option(`--${name}`, knob.meaning);
  const live: Partial<SimulatorSettings> = PROFILES.live;
  const meaning = `${knob.meaning} (live: ${live[knob.name] ?? knob.preset})`;
  const option = new Option(`--${name} <value>`, meaning);
  if (knob.choices.length > 0) return option.choices(knob.choices);
  return typeof knob.preset === 'number' ? option.argParser(Number) : option;
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function simulate(
  command: Command,
  flags: SimulateFlags & Readonly<Record<string, unknown>>,
): Promise<void> {
  const settings = readSettings(command, flags);
  const simulator = await listen(command, settings);
  // Before it says that it listens: whoever reads that may stop it at once.
  const stopped = stopRequested(flags.exitWithParent === true);
  if (flags.json) {
    const { origin, port } = simulator;
    process.stdout.write(`${JSON.stringify({ listening: true, origin, port })}\n`);
  } else {
    process.stdout.write(`simulator listening on ${simulator.baseUrl}\n`);
  }
  await stopped;
  await simulator.close();
}

function readSettings(
  command: Command,
  flags: SimulateFlags & Readonly<Record<string, unknown>>,
): SimulatorSettings {
  const changes: Record<string, unknown> = {};
  for (const { name } of KNOBS) {
    // commander gives a --no- flag the default true, which must not overrule the profile.
    if (command.getOptionValueSource(name) === 'cli') changes[name] = flags[name];
  }
  try {
    return settingsFor(flags.profile, changes);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const problems = error.issues.map(
      (issue) => `  --${kebabCase(String(issue.path[0] ?? ''))}: ${issue.message}`,
    );
    command.error(`simulate: these settings are out of range\n${problems.join('\n')}`, {
      exitCode: EXIT.usage,
    });
  }
}

async function listen(command: Command, settings: SimulatorSettings): Promise<SimulatorHandle> {
  try {
    return await startSimulator(settings);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const problem = LISTEN_PROBLEMS[code];
    if (problem === undefined) throw error;
    command.error(`simulate: port ${settings.port} on ${settings.host} ${problem}`, {
      exitCode: EXIT.usage,
    });
  }
}

/** Resolves at a signal to stop or, if asked to watch it, at the end of the parent. */
async function stopRequested(watchesParent: boolean): Promise<void> {
  let unwatch = () => {};
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    if (watchesParent) unwatch = watchParent(resolve);
  });
  unwatch();
}

/**
 * Calls back when the parent's end of the channel closes, which it does however the parent dies.
 *
 * @returns ends the watch: an open channel would keep this process alive
 */
function watchParent(onGone: () => void): () => void {
  if (process.channel !== undefined) {
    process.once('disconnect', onGone);
    return () => process.off('disconnect', onGone);
  }
  const { stdin } = process;
  for (const event of ['end', 'close', 'error']) stdin.once(event, onGone);
  stdin.resume();
  return () => stdin.destroy();
}
