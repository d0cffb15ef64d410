/** The options by which a command is told its source. */
import { type Command, Option } from 'commander';

export function withSourceOptions(command: Command): Command {
  return command
    .option('--source <name>', 'the source: a name, or a file in YAML or JSON (SOURCE)')
    .option('--resource <name...>', 'some of its resources; default: all that its file selects')
    .addOption(new Option('--stream <name...>', 'the same as --resource').hideHelp());
}
