/** The program's logger with its lines kept in place of written. */
import { createLogger, type LoggerOptions, type OpenLog } from '../../src/observe/logger.js';

export interface CapturedLog extends OpenLog {
  /** As they would be written. */
  readonly lines: readonly string[];
  records(): Record<string, unknown>[];
}

export async function captureLog(
  level: string,
  recent: LoggerOptions['recent'] = null,
): Promise<CapturedLog> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const open = await createLogger({ level, isTerminal: false, recent, destination });
  const records = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...open, lines, records };
}
