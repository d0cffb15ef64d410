/** What every command starts with: configuration, log, and where its words go. */
import { readSettings } from '../config/read-settings.js';
import { type Slip, slipText } from '../config/slips.js';
import { type SessionContext, sessionContext } from '../session/context.js';
import { UserError } from '../session/user-error.js';
import { writeResult } from './result-line.js';

export interface CommandContext extends SessionContext {
  /** Variables that may have been meant as settings. */
  readonly slips: readonly Slip[];
  /** For a person: standard output, or nowhere with --json. */
  say(text: string): void;
  /** The line that scripts wait for; with --json on standard error, so that output is JSON alone. */
  sayComplete(): void;
  /** The one JSON object of --json. */
  json(value: object): void;
}

/**
 * @param flags of the command; `readsOnly`: it looks at what is there, so that no key is needed
 * @throws UserError that lists every fault of the configuration
 */
export async function commandContext(flags: Record<string, unknown>): Promise<CommandContext> {
  const read = await readSettings(flags);
  if (!read.ok) {
    const slips = read.slips.map((slip) => `  ${slipText(slip)}`);
    const faults = read.faults.map(({ setting, message }) => `  ${setting} ${message}`);
    const lines = [...faults, ...slips];
    throw new UserError(`The configuration cannot be used:\n${lines.join('\n')}`, 'usage');
  }
  const isJson = flags.json === true;
  return {
    ...(await sessionContext(read.config, isJson)),
    slips: read.slips,
    say: (text) => {
      if (!isJson) process.stdout.write(`${text}\n`);
    },
    sayComplete: () => {
      (isJson ? process.stderr : process.stdout).write('ingestion complete\n');
    },
    json: (value) => {
      if (isJson) writeResult(value);
    },
  };
}
