/** The last lines of the log, for the dashboard. What is secret is taken out before they come here. */

const LINES_MAX = 60;
const LINE_CHARS_MAX = 400;

export interface LogEntry {
  /** Grows by one a line. */
  readonly id: number;
  readonly at: string;
  readonly level: string;
  readonly event: string | null;
  readonly message: string;
}

export class RecentLog {
  readonly #entries: LogEntry[] = [];
  #lastId = 0;

  /** Takes one line of the log as JSON: a stream for the logger. */
  write(line: string): void {
    const entry = readLine(line, this.#lastId + 1);
    if (entry === null) return;
    this.#lastId++;
    this.#entries.push(entry);
    if (this.#entries.length > LINES_MAX) this.#entries.shift();
  }

  /** Oldest first. */
  entries(): readonly LogEntry[] {
    return this.#entries;
  }
}

function readLine(line: string, id: number): LogEntry | null {
  try {
    const fields = JSON.parse(line) as Record<string, unknown>;
    return {
      id,
      at: String(fields.time ?? ''),
      level: String(fields.level ?? 'info'),
      event: typeof fields.event === 'string' ? fields.event : null,
      message: String(fields.message ?? '').slice(0, LINE_CHARS_MAX),
    };
  } catch {
    return null;
  }
}
