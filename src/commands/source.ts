/** `datasync source …`: help for those who write a source file. */
import { Command } from 'commander';
import {
  type CheckVerdict,
  checkFile,
  checkStreams,
  checkText,
  verdictOf,
  verdictText,
} from '../session/sources/check-source.js';
import { findSource, findSources } from '../session/sources/find-source.js';
import { initSource, initText } from '../session/sources/init-source.js';
import { listedSource, listText } from '../session/sources/list-sources.js';
import { sourceSchemaText } from '../source/file/source-shape.js';
import { commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { writeResult } from './result-line.js';

export function sourceCommand(): Command {
  const group = new Command('source').description('list, check and make source files');
  for (const command of [listCommand(), checkCommand(), initCommand(), schemaCommand()]) {
    group.addCommand(command.exitOverride());
  }
  return group.addHelpText('after', '\nExample:\n  datasync source check github');
}

function listCommand(): Command {
  return new Command('list')
    .description('list the sources of ./sources and those that come with the program')
    .option('--json', 'print one JSON line')
    .action((flags: { readonly json?: true }) => {
      const sources = findSources().map(listedSource);
      if (flags.json) {
        const message = `${sources.length} sources`;
        writeResult({ status: 'ok', exitCode: EXIT.complete, message, sources });
      } else process.stdout.write(`${listText(sources)}\n`);
    });
}

interface CheckFlags {
  readonly resource?: readonly string[];
  readonly offline?: true;
  readonly json?: true;
}

const CHECK_EXITS: Readonly<Record<CheckVerdict, number>> = {
  well: EXIT.complete,
  unusable: EXIT.usage,
  unset: EXIT.usage,
  refused: EXIT.credentials,
  failed: EXIT.failed,
};

function checkCommand(): Command {
  return new Command('check')
    .description('check a source file, and with two requests a resource what its API answers')
    .argument('<source>', 'a name, or a file in YAML or JSON')
    .option('--resource <name...>', 'some of its resources; default: all that its file selects')
    .option('--offline', 'check the file alone; no variables are needed')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync source check github --resource issues')
    .action(async (named: string, flags: CheckFlags) => {
      process.exitCode = await check(named, flags);
    });
}

/** @returns the exit code */
async function check(named: string, flags: CheckFlags): Promise<number> {
  const survey = findSource(named);
  const asks = flags.offline !== true;
  const file = checkFile(survey);
  const asked = asks && verdictOf(file, asks) === 'well' ? await askApi(survey.path, flags) : [];
  const checked = { ...file, resources: asked };
  const verdict = verdictOf(checked, asks);
  const exitCode = CHECK_EXITS[verdict];
  const message = verdictText(verdict, checked);
  if (flags.json) {
    const status = verdict === 'well' ? 'ok' : 'failed';
    writeResult({ status, exitCode, message, ...checked });
  } else {
    const isTold = verdict === 'unusable' || verdict === 'failed' || verdict === 'refused';
    process.stdout.write(`${checkText(survey, checked)}\n${isTold ? '' : `\n${message}\n`}`);
  }
  return exitCode;
}

async function askApi(source: string, { resource, json }: CheckFlags) {
  const context = await commandContext({ source, resource, json, logLevel: 'warn' });
  return checkStreams(context);
}

interface InitFlags {
  readonly output?: string;
  readonly force?: true;
  readonly json?: true;
}

function initCommand(): Command {
  return new Command('init')
    .description('make a source file from one answer of an API')
    .argument('<url>', 'the URL of a list; include the paging parameters if the API takes any')
    .option('--output <file>', 'where it goes; default: sources/NAME.yaml, NAME from the host')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      `
The API is asked once. A token is sent as bearer if NAME_TOKEN is set, in the environment or in .env.

Example:
  datasync source init 'https://api.github.com/repos/nodejs/node/issues?per_page=100'`,
    )
    .action(async (url: string, { output, force, json }: InitFlags) => {
      const made = await initSource({ url, output: output ?? null, isForced: force === true });
      if (json) {
        const { name, path, schemaPath, guess } = made;
        const message = `${path} is written`;
        const { recordsPath, recordCount, key, time, paging } = guess;
        const guessed = { recordsPath, recordCount, key, time, paging };
        const where = { source: name, path, schemaPath };
        writeResult({ status: 'ok', exitCode: EXIT.complete, message, ...where, guessed });
      } else process.stdout.write(`${initText(made)}\n`);
    });
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('print the JSON Schema of source files, for editors')
    .addHelpText('after', '\nExample:\n  datasync source schema > sources/schema.json')
    .action(() => {
      process.stdout.write(sourceSchemaText());
    });
}
