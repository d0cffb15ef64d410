/**
 * The logger: one event a line on standard error; pretty on a terminal, JSON elsewhere. Standard
 * output is kept for results.
 */
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Fields that never reach a log, wherever they occur in a record. */
const SECRET_PATHS = [
  'apiKey',
  'password',
  'connectionString',
  'authorization',
  'x-api-key',
].flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

export async function createLogger(options: {
  level: string;
  isTerminal: boolean;
  /** Gets each line at info or above as well, as JSON. */
  recent?: DestinationStream | null;
}): Promise<Logger> {
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_PATHS, censor: '[secret]' },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const { recent = null } = options;
  const into = (main: DestinationStream): DestinationStream =>
    recent === null
      ? main
      : pino.multistream([
          { stream: main, level: 'trace' },
          { stream: recent, level: 'info' },
        ]);
  if (!options.isTerminal) return pino(settings, into(pino.destination({ fd: 2, sync: true })));
  // Loaded only where it is seen: it would cost a start of a service 30 ms.
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: 2,
    sync: true,
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'event',
    hideObject: options.level === 'info',
    colorize: process.stderr.hasColors?.() === true,
  });
  return pino(settings, into(stream));
}
