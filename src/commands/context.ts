/** What every command starts with: configuration, log, and where its words go. */
import type { Config } from '../config/config.js';
import { readSettings } from '../config/read-settings.js';
import { type Slip, slipText } from '../config/slips.js';
import { createLogger, type Logger } from '../observe/logger.js';
import { RecentLog } from '../observe/recent-log.js';
import { secretsOf } from '../session/secrets.js';
import { EXIT } from './exit-codes.js';
import { writeResult } from './result-line.js';

export interface CommandContext {
  readonly config: Config;
  readonly log: Logger;
  /** Variables that may have been meant as settings. */
  readonly slips: readonly Slip[];
  /** Keeps a secret that is found only now out of the log. */
  conceal(secret: string): void;
  /** A text without what the log conceals. */
  redact(text: string): string;
  /** Says what the log holds back of warnings that repeat. */
  settleLog(): void;
  /** The last lines of the log, for the dashboard; null where there is none. */
  readonly recentLog: RecentLog | null;
  readonly isJson: boolean;
  /** For a person: standard output, or nowhere with --json. */
  say(text: string): void;
  /** The line that scripts wait for; with --json on standard error, so that output is JSON alone. */
  sayComplete(): void;
  /** The one JSON object of --json. */
  json(value: object): void;
}

/** A fault of usage or configuration: what to print, and exit code 2. */
export class UsageError extends Error {
  readonly exitCode = EXIT.usage;
}

/** What keeps a command from its work, in a sentence for a person, and the exit code that says so. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * @param flags of the command; `readsOnly`: it looks at what is there, so that no key is needed
 * @throws UsageError that lists every fault of the configuration
 */
export async function commandContext(flags: Record<string, unknown>): Promise<CommandContext> {
  const read = readSettings(flags);
  if (!read.ok) {
    const slips = read.slips.map((slip) => `  ${slipText(slip)}`);
    const faults = read.faults.map(({ setting, message }) => `  ${setting} ${message}`);
    const lines = [...faults, ...slips];
    throw new UsageError(`The configuration cannot be used:\n${lines.join('\n')}`);
  }
  const isJson = flags.json === true;
  const recentLog = read.config.httpPort === null ? null : new RecentLog();
  const { log, conceal, redact, settle } = await createLogger({
    level: read.config.logLevel,
    isTerminal: process.stderr.isTTY === true,
    recent: recentLog,
  });
  for (const secret of secretsOf(read.config)) conceal(secret);
  process.once('exit', settle);
  return {
    config: read.config,
    slips: read.slips,
    log,
    conceal,
    redact,
    settleLog: settle,
    recentLog,
    isJson,
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
