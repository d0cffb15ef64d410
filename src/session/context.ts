/** What all work of a process shares: its configuration, its log, and what must never be shown. */
import type { Config } from '../config/config.js';
import { createLogger, type Logger } from '../observe/logger.js';
import { RecentLog } from '../observe/recent-log.js';
import type { Lasting } from './onlookers/lasting.js';
import { secretsOf } from './secrets.js';

export interface SessionContext {
  readonly config: Config;
  readonly log: Logger;
  /** Keeps a secret that is found only now out of the log. */
  conceal(secret: string): void;
  /** A text without what the log conceals. */
  redact(text: string): string;
  /** Says what the log holds back of warnings that repeat. */
  settleLog(): void;
  /** The last lines of the log, for the dashboard; null where there is none. */
  readonly recentLog: RecentLog | null;
  /** Its result is for a script: a terminal is shown no line that is drawn again and again. */
  readonly isJson: boolean;
  /** Who looks on at all runs of a schedule; null: the process does one run. */
  readonly lasting: Lasting | null;
}

/** @param isOfProcess else whoever asks for it settles its log */
export async function sessionContext(
  config: Config,
  isJson: boolean,
  isOfProcess = true,
): Promise<SessionContext> {
  const recentLog = config.httpPort === null ? null : new RecentLog();
  const { log, conceal, redact, settle } = await createLogger({
    level: config.logLevel,
    isTerminal: process.stderr.isTTY === true,
    recent: recentLog,
  });
  for (const secret of secretsOf(config)) conceal(secret);
  if (isOfProcess) process.once('exit', settle);
  return {
    ...{ config, log, conceal, redact, settleLog: settle, recentLog, isJson },
    lasting: null,
  };
}
