/**
 * The logger: one event a line on standard error; pretty on a terminal, JSON elsewhere. Standard
 * output is kept for results. docs/logs.md lists the events.
 *
 * What repeats is summed (repeat-fold.ts): warnings, what has a fault, and what is learned and unlearned
 * again and again. Where each page is logged, the first hundred of a kind are said too. Secrets are taken
 * out (redact.ts).
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { formatCount, formatDuration } from './eta.js';
import { Redactor } from './redact.js';
import { RepeatFold, type Repeats } from './repeat-fold.js';

export type { Logger } from 'pino';

const WARN = 40;
/** Each tells a change of mind or state: a few are worth a line, a storm of them is one. */
const CHANGES = new Set(['limit_learned', 'lock_regained']);
const CHANGES_SAID = 5;
/** Whoever looks closely wants each in its place, but not a storm. */
const CLOSE_LOOK_SAID = 100;
const CLOSE_LEVELS = new Set(['trace', 'debug']);
const STANDARD_ERROR = 2;
/** What progress has drawn last gives way to the line of the log. */
const CLEAR_LINE = '\r\u001b[2K';

export interface LoggerOptions {
  readonly level: string;
  readonly isTerminal: boolean;
  /** Gets each line at info or above as well, as JSON. */
  readonly recent?: DestinationStream | null;
  /** Where the lines go. @default standard error */
  readonly destination?: DestinationStream;
}

export interface OpenLog {
  readonly log: Logger;
  /** Keeps a value out of every line from now on. */
  conceal(secret: string): void;
  /** A text of somewhere else, such as an alert, without these values. */
  redact(text: string): string;
  /** Says the repeats that are held back. */
  settle(): void;
}

export async function createLogger(options: LoggerOptions): Promise<OpenLog> {
  const redactor = new Redactor();
  const isCloseLook = CLOSE_LEVELS.has(options.level);
  const repeats = new HeldRepeats(isCloseLook ? CLOSE_LOOK_SAID : 1);
  const changes = new HeldRepeats(isCloseLook ? CLOSE_LOOK_SAID : CHANGES_SAID);
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: {
      logMethod(args, method, level) {
        const say: Say = (fields, message) => method.call(this, fields, message);
        const [fields, message] = args as readonly unknown[];
        if (level > WARN || !isRecord(fields)) return method.apply(this, args);
        const words = { fields, message: String(message ?? ''), say };
        if (CHANGES.has(String(fields.event))) return changes.take(words);
        if (level === WARN || 'fault' in fields) return repeats.take(words);
        return method.apply(this, args);
      },
      streamWrite: (line) => redactor.redact(line),
    },
  };
  const main = options.destination ?? (await standardError(options));
  const { recent = null } = options;
  const log = pino(settings, recent === null ? main : withRecent(main, recent));
  return {
    log,
    conceal: (secret) => redactor.conceal(secret),
    redact: (text) => redactor.cleanText(text),
    settle: () => {
      repeats.settle();
      changes.settle();
    },
  };
}

async function standardError({ level, isTerminal }: LoggerOptions): Promise<DestinationStream> {
  if (!isTerminal) return pino.destination({ fd: STANDARD_ERROR, sync: true });
  // Loaded only where it is seen: it would cost a start of a service 30 ms.
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'event,run',
    hideObject: level === 'info',
    colorize: process.stderr.hasColors?.() === true,
  });
  return { write: (line) => void process.stderr.write(`${CLEAR_LINE}${pretty(line)}`) };
}

function withRecent(main: DestinationStream, recent: DestinationStream): DestinationStream {
  return pino.multistream([
    { stream: main, level: 'trace' },
    { stream: recent, level: 'info' },
  ]);
}

type Say = (fields: object, message: string) => void;

interface Words {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
  readonly say: Say;
}

/** Says what is new at once, and what repeats when its window is over. */
class HeldRepeats {
  readonly #fold: RepeatFold<Words>;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** @param sayFirst how many of a kind are said before they are summed */
  constructor(sayFirst: number) {
    this.#fold = new RepeatFold(sayFirst);
  }

  take(words: Words): void {
    const isNew = this.#fold.add(sameness(words.fields), words, performance.now());
    if (isNew) words.say(words.fields, words.message);
    else this.#wait();
  }

  settle(): void {
    for (const repeats of this.#fold.rest(performance.now())) sayRepeats(repeats);
  }

  #wait(): void {
    const { dueAtMs } = this.#fold;
    if (dueAtMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueAtMs;
    this.#timer = setTimeout(() => this.#sayDue(), Math.ceil(dueAtMs - performance.now()));
    this.#timer.unref();
  }

  #sayDue(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    for (const repeats of this.#fold.due(performance.now())) sayRepeats(repeats);
    this.#wait();
  }
}

function sayRepeats({ last, count, overMs }: Repeats<Words>): void {
  const fields = { ...last.fields, repeats: count, overMs: Math.round(overMs) };
  last.say(fields, `${formatCount(count)} more in the last ${spanText(overMs)}: ${last.message}`);
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes > 1) return `${minutes} minutes`;
  if (minutes === 1) return 'minute';
  return ms < 1_500 ? 'second' : formatDuration(ms);
}

/** The same event for the same reason. */
function sameness({ event, fault }: Words['fields']): string {
  const code = isRecord(fault) ? String(fault.code) : '';
  return `${String(event)} ${code}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}
