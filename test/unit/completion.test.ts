import { spawnSync } from 'node:child_process';
import { Argument, Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { programShape } from '../../src/commands/command-tree.js';
import { completionScript, SHELLS } from '../../src/commands/completion-scripts.js';
import { hasCommand } from '../support/repository.js';

function sampleProgram(): Command {
  const program = new Command('datasync').version('1.0.0');
  program
    .command('export-ids')
    .description("write it's ids [all]: now")
    .option('--output <file>', 'where to')
    .addOption(new Option('--format <form>', 'how').choices(['ids', 'csv']))
    .option('--source <file...>', 'where from')
    .addOption(new Option('--secret', 'not for people').hideHelp());
  program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
  return program;
}

const shape = programShape(sampleProgram());

/** What bash offers after these words; the last one is being typed. */
function offered(...words: string[]): string[] {
  const script = `${completionScript('bash', shape)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_datasync; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('the command tree', () => {
  test('has every command and flag that help shows, and no hidden one', () => {
    expect(shape.commands.map(({ name }) => name)).toEqual(['export-ids', 'completion', 'help']);
    const flags = shape.commands[0]?.options.map(({ long }) => long);
    expect(flags).toEqual(['--output', '--format', '--source', '--help']);
    const files = shape.commands[0]?.options.filter(({ isPath }) => isPath);
    expect(files?.map(({ long }) => long)).toEqual(['--output', '--source']);
    for (const option of files ?? []) expect(option.takesValue).toBe(true);
  });

  test('of a group has its commands as choices, and the flags of all of them once', () => {
    const program = new Command('datasync');
    const group = program.command('source').description('help');
    group.command('list').option('--json', 'one line');
    group.command('check').option('--json', 'one line').option('--offline', 'ask nobody');
    const [source] = programShape(program).commands;
    expect(source?.choices).toEqual(['list', 'check']);
    const flags = source?.options.map(({ long }) => long);
    expect(flags?.toSorted()).toEqual(['--help', '--json', '--offline']);
  });

  test.each(SHELLS)('all of it is in the script of %s', (shell) => {
    const script = completionScript(shell, shape);
    for (const word of ['export-ids', 'completion', 'output', 'format', 'ids', 'csv']) {
      expect(script).toContain(word);
    }
    expect(script).not.toContain('secret');
  });
});

describe('bash', () => {
  test('completes commands, flags, and the values that a flag takes', (context) => {
    if (!hasCommand('bash')) return context.skip('bash is not installed');
    expect(offered('datasync', 'ex')).toEqual(['export-ids']);
    expect(offered('datasync', 'export-ids', '--f')).toEqual(['--format']);
    expect(offered('datasync', 'export-ids', '--format', '')).toEqual(['ids', 'csv']);
    expect(offered('datasync', 'completion', '')).toEqual(['bash', 'zsh', '--help']);
    expect(offered('datasync', 'help', '')).toEqual(['export-ids', 'completion']);
  });

  test('knows the value of a flag behind its sign, where bash has taken the word apart', (context) => {
    if (!hasCommand('bash')) return context.skip('bash is not installed');
    expect(offered('datasync', 'export-ids', '--format', '=')).toEqual(['ids', 'csv']);
    expect(offered('datasync', 'export-ids', '--format', '=', 'c')).toEqual(['csv']);
  });
});
