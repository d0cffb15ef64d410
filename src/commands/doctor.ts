/** `datasync doctor`: what is wrong with the set-up, each with its remedy. Asks the API one request. */
import { Command } from 'commander';
import { readSettings } from '../config/read-settings.js';
import { slipText } from '../config/slips.js';
import { examineSetup, type Finding, nodeFinding } from '../session/setup/examine-setup.js';
import { EXIT } from './exit-codes.js';
import { writeResult } from './result-line.js';
import { withSourceOptions } from './source-options.js';

export function doctorCommand(): Command {
  return withSourceOptions(new Command('doctor'))
    .description('check the set-up and say how to mend it')
    .option('--simulate', 'check the set-up for the bundled simulator')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync doctor')
    .action(async (flags: Record<string, unknown>) => {
      const findings = await examine(flags);
      const bad = findings.filter((finding) => !finding.isGood);
      const exitCode = bad.length === 0 ? EXIT.complete : EXIT.failed;
      if (flags.json === true) {
        const status = bad.length === 0 ? 'ok' : 'failed';
        const message =
          bad.map(({ what, message }) => `${what}: ${message}`).join('; ') || 'all is well';
        writeResult({ status, exitCode, message, isGood: bad.length === 0, findings });
      } else for (const finding of findings) process.stdout.write(`${describe(finding)}\n`);
      process.exitCode = exitCode;
    });
}

async function examine(flags: Record<string, unknown>): Promise<Finding[]> {
  const read = await readSettings(flags);
  const slips = read.slips.map(slipText);
  const faults = read.ok ? [] : read.faults.map(({ setting, message }) => `${setting} ${message}`);
  const settings = [...faults, ...slips].map((message) => ({
    ...{ what: 'configuration', isGood: false, message },
  }));
  return [nodeFinding(), ...settings, ...(read.ok ? await examineSetup(read.config) : [])];
}

function describe({ what, isGood, message }: Finding): string {
  return `${isGood ? 'ok  ' : 'FAIL'} ${what.padEnd(13)} ${message}`;
}
