/** `datasync completion SHELL`: prints what makes the shell complete commands and flags. */
import { Argument, Command } from 'commander';
import { programShape } from './command-tree.js';
import { completionScript, SHELLS, type Shell } from './completion-scripts.js';

/** @param wholeProgram the program with all of its commands */
export function completionCommand(wholeProgram: () => Promise<Command>): Command {
  return new Command('completion')
    .description('print the completions of a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
The completions are those of the command datasync: \`npm link\` makes it known.

Examples:
  source <(datasync completion bash)     in ~/.bashrc
  source <(datasync completion zsh)      in ~/.zshrc, after compinit
  datasync completion fish | source      in config.fish`,
    )
    .action(async (shell: Shell) => {
      process.stdout.write(completionScript(shell, programShape(await wholeProgram())));
    });
}
