/** The commands and their options as plain data, read from commander: what completions are made of. */
import type { Argument, Command, Help, Option } from 'commander';

export interface OptionShape {
  /** `--output`; null: it has only a short form. */
  readonly long: string | null;
  readonly short: string | null;
  readonly description: string;
  readonly takesValue: boolean;
  /** The values that it takes, where they are few. */
  readonly choices: readonly string[];
  /** Whether its value is a file or a folder. */
  readonly isPath: boolean;
}

export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionShape[];
  /** The values that its first argument takes, where they are few. */
  readonly choices: readonly string[];
}

export interface ProgramShape {
  readonly name: string;
  readonly options: readonly OptionShape[];
  readonly commands: readonly CommandShape[];
}

/** Commander's own, whose argument is a command. */
const HELP = 'help';
const PATH_VALUE = /<(?:file|folder|path)(?:\.\.\.)?>/i;

export function programShape(program: Command): ProgramShape {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const names = commands.map((command) => command.name()).filter((name) => name !== HELP);
  return {
    name: program.name(),
    options: help.visibleOptions(program).map(optionShape),
    commands: commands.map((command) => ({
      ...commandShape(help, command),
      ...(command.name() === HELP ? { choices: names } : {}),
    })),
  };
}

/** A group has the names of its commands as choices, and the options of all of them, each once. */
function commandShape(help: Help, command: Command): CommandShape {
  const inner = command.commands.filter((one) => one.name() !== HELP);
  const options = [command, ...inner].flatMap((one) => help.visibleOptions(one).map(optionShape));
  const byName = new Map(options.map((option) => [option.long ?? option.short, option]));
  return {
    name: command.name(),
    description: command.description(),
    options: [...byName.values()],
    choices:
      inner.length > 0 ? inner.map((one) => one.name()) : choicesOf(command.registeredArguments[0]),
  };
}

function optionShape(option: Option): OptionShape {
  return {
    long: option.long ?? null,
    short: option.short ?? null,
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    isPath: PATH_VALUE.test(option.flags),
  };
}

function choicesOf(argument: Argument | undefined): readonly string[] {
  return argument?.argChoices ?? [];
}
