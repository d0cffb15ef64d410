/** Commands that the pages show: each is one of the program, with flags that it has. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { columnsCommand } from '../../src/commands/columns.js';
import { type CommandShape, programShape } from '../../src/commands/command-tree.js';
import { completionCommand } from '../../src/commands/completion.js';
import { doctorCommand } from '../../src/commands/doctor.js';
import { exploreCommand } from '../../src/commands/explore.js';
import { exportCommand, exportIdsCommand } from '../../src/commands/export.js';
import { ingestCommand } from '../../src/commands/ingest.js';
import { previewCommand } from '../../src/commands/preview.js';
import { quarantineCommand } from '../../src/commands/quarantine.js';
import { reportCommand } from '../../src/commands/report.js';
import { serveCommand } from '../../src/commands/serve.js';
import { simulateCommand } from '../../src/commands/simulate.js';
import { sourceCommand } from '../../src/commands/source.js';
import { statusCommand } from '../../src/commands/status.js';
import { submitCommand } from '../../src/commands/submit.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { workerCommand } from '../../src/commands/worker.js';
import { REPOSITORY, readRepositoryFile } from '../support/repository.js';

/** A command as a page shows it. */
interface Shown {
  /** Page and words, for the message of a failure. */
  readonly place: string;
  /** `datasync`, or a script of npm. */
  readonly runs: 'program' | 'script';
  /** What follows, the command first. */
  readonly words: readonly string[];
}

const shapes = new Map(programOf().commands.map((command) => [command.name, command]));
const scripts = (JSON.parse(readRepositoryFile('package.json')) as { scripts: object }).scripts;
const shown = pagePaths().flatMap(commandsIn);

test('the pages show commands', () => {
  expect(shown.length).toBeGreaterThan(80);
  expect(shown.map(({ words }) => words[0])).toEqual(expect.arrayContaining(['ingest', 'source']));
});

test('every one of them exists, with its flags', () => {
  expect(shown.flatMap(faultsOf)).toEqual([]);
});

test.each([
  ['datasync ingets', 'no command'],
  ['datasync ingest --souce shop', 'no flag --souce'],
  ['datasync source make x', 'no command make'],
  ['npm run nothing', 'no script'],
  ['npm run status -- --wach', 'no flag --wach'],
])('a slip is found: %s', (text, fault) => {
  expect(commandsOf('a.md', text).flatMap(faultsOf)).toEqual([expect.stringContaining(fault)]);
});

describe('docs/commands.md', () => {
  const page = readRepositoryFile('docs/commands.md');

  test('has every command', () => {
    const missing = [...shapes.keys()].filter((name) => !page.includes(`\`${name}`));
    expect(missing).toEqual(['help']);
  });

  test('has every flag of ingest', () => {
    const flags = shapes.get('ingest')?.options.map(({ long }) => long ?? '') ?? [];
    expect(flags.filter((flag) => !page.includes(`\`${flag}`))).toEqual([]);
  });
});

function faultsOf({ place, runs, words: [name = '', ...words] }: Shown): string[] {
  const shape = shapes.get(name);
  if (runs === 'script' && !Object.hasOwn(scripts, name)) return [`${place}: no script ${name}`];
  if (shape === undefined) return runs === 'script' ? [] : [`${place}: no command ${name}`];
  const [first = ''] = words;
  const isGroup = ['source', 'quarantine'].includes(name);
  return [
    ...(isGroup && /^[a-z]/.test(first) && !shape.choices.includes(first)
      ? [`${place}: no command ${first}`]
      : []),
    ...flagsOf(words)
      .filter((flag) => !hasFlag(shape, flag))
      .map((flag) => `${place}: no flag ${flag}`),
  ];
}

function flagsOf(words: readonly string[]): readonly string[] {
  return words.flatMap((word) => /^--[a-z][a-z-]*/.exec(word) ?? []);
}

function hasFlag({ options }: CommandShape, flag: string): boolean {
  return options.some(({ long }) => long === flag);
}

/** In blocks for a shell, and in code within the text. */
function commandsIn(path: string): readonly Shown[] {
  const text = readRepositoryFile(path);
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks.flatMap((block) => block.split('\n')), ...spans].flatMap((line) =>
    commandsOf(path, line),
  );
}

/** Of one line, with what is set before a command and what is said behind it left out. */
function commandsOf(path: string, line: string): readonly Shown[] {
  return line
    .replace(/(?:^|\s)#.*$/, '')
    .split(/&&|[;|&()]/)
    .flatMap((part): readonly Shown[] => {
      const place = `${path}: ${part.trim()}`;
      const bare = part.trim().replace(/^(?:[A-Z_]+=\S*\s+)+/, '');
      const [, program] =
        /^datasync +(.+)$/.exec(bare) ?? /\bdist\/src\/main\.js (.+)$/.exec(bare) ?? [];
      if (program !== undefined) return [{ place, runs: 'program', words: program.split(/\s+/) }];
      const [, script] = /\bnpm run (?:--silent )?([a-z].*)$/.exec(bare) ?? [];
      return script === undefined ? [] : [{ place, runs: 'script', words: script.split(/\s+/) }];
    });
}

function pagePaths(): readonly string[] {
  const inFolders = ['docs', 'examples'].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.startsWith('decisions'))
      .map((name) => join(folder, name)),
  );
  return ['README.md', ...inFolders];
}

function programOf() {
  const program = new Command('datasync');
  const commands = [
    ...[ingestCommand(), workerCommand(), exploreCommand(), statusCommand(), sourceCommand()],
    ...[previewCommand(), columnsCommand(), doctorCommand(), serveCommand(), verifyCommand()],
    ...[quarantineCommand(), exportCommand(), exportIdsCommand(), submitCommand()],
    ...[reportCommand(), simulateCommand(), completionCommand(async () => program)],
  ];
  for (const command of commands) program.addCommand(command);
  return programShape(program);
}
