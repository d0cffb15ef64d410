/** `datasync explore`: measures the API within a budget, and writes down what an ingestion can use. */
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type Config, LOG_LEVELS } from '../config/config.js';
import { defaultBudget, makePlan } from '../explore/plan.js';
import type { ExploreScope } from '../explore/probe.js';
import { explorationText, planText } from '../explore/render.js';
import { explorationTarget, runExploration } from '../session/exploration/exploration-session.js';
import { keepExploration } from '../session/exploration/keep-exploration.js';
import { explorationFile } from '../session/exploration/shown-exploration.js';
import { type CommandContext, commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { withSourceOptions } from './source-options.js';
import { wholeNumber } from './whole-number.js';

interface ExploreFlags {
  readonly budget?: number;
  readonly thorough?: boolean;
  readonly provoke?: boolean;
  readonly outputFolder: string;
  readonly database: boolean;
}

export function exploreCommand(): Command {
  return withSourceOptions(new Command('explore'))
    .description('measure the API within a budget that is stated first')
    .option(
      '--budget <n>',
      'requests for pages at most; default 12, more when thorough',
      wholeNumber,
    )
    .option('--thorough', 'also what needs waiting, and more samples')
    .option('--provoke', 'run into the limit on purpose, to see whether refused calls count')
    .option('--output-folder <folder>', 'where the exploration goes, as JSON and Markdown', '.')
    .option('--no-database', 'keep the log of requests in the file of the exploration alone')
    .option('--simulate', 'explore the bundled simulator')
    .addOption(
      new Option('--log-level <level>', 'what is worth a line (LOG_LEVEL)').choices(LOG_LEVELS),
    )
    .option('--json', 'print the exploration as one JSON line')
    .addHelpText(
      'after',
      '\nExamples:\n  datasync explore --budget 30\n  datasync explore --source github --resource issues',
    )
    .action(async (flags: ExploreFlags & Record<string, unknown>) => {
      const context = await commandContext({ logLevel: 'warn', ...flags });
      process.exitCode = await run(context, flags);
    });
}

/** @returns the exit code */
async function run(context: CommandContext, flags: ExploreFlags): Promise<number> {
  const scope = scopeOf(context.config, flags);
  const plan = makePlan(scope);
  context.say(planText(plan, scope));
  const usesDatabase = flags.database;
  const exploration = await runExploration(context, { scope, plan, usesDatabase });
  const folder = resolve(flags.outputFolder);
  await keepExploration(exploration, folder);
  context.say(`\n${explorationText(exploration)}`);
  context.say(
    `\nWritten: ${join(folder, explorationFile(exploration))} and ${explorationFile(exploration, 'md')}`,
  );
  context.json(exploration);
  return EXIT.complete;
}

function scopeOf(config: Config, flags: ExploreFlags): ExploreScope {
  const scope = {
    ...explorationTarget(config),
    isThorough: flags.thorough === true,
    doesProvoke: flags.provoke === true,
  };
  return { ...scope, budget: flags.budget ?? defaultBudget(scope) };
}
