/**
 * Shows something again and again: redrawn each second on a terminal until q or Ctrl-C; elsewhere a
 * line every few seconds, until there is nothing more to come.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { clip } from './columns.js';

const REDRAW_MS = 1_000;
const LINE_MS = 5_000;
const CLEAR = '\u001b[H\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CTRL_C = '\u0003';

export interface Sight {
  /** For a terminal: any number of lines. */
  readonly text: string;
  /** For anything else. */
  readonly line: string;
  /** Whether more is to come. */
  readonly isMoving: boolean;
}

/** @param look must not reject: what cannot be seen is a sight too */
export async function watch(look: () => Promise<Sight>): Promise<void> {
  const stop = new AbortController();
  const release = stopOnRequest(stop);
  try {
    await (process.stdout.isTTY ? redraw(look, stop.signal) : printLines(look, stop.signal));
  } finally {
    release();
  }
}

async function redraw(look: () => Promise<Sight>, signal: AbortSignal): Promise<void> {
  const { stdout } = process;
  stdout.write(HIDE_CURSOR);
  try {
    while (!signal.aborted) {
      const { text } = await look();
      const lines = text.split('\n').slice(0, Math.max(1, (stdout.rows || 24) - 2));
      stdout.write(`${CLEAR}${lines.join('\n')}\n${signal.aborted ? '' : '\nq or Ctrl-C stops'}`);
      await pause(REDRAW_MS, signal);
    }
  } finally {
    stdout.write(`\r\u001b[2K${SHOW_CURSOR}`);
  }
}

async function printLines(look: () => Promise<Sight>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { line, isMoving } = await look();
    process.stdout.write(`${clip(line, 120)}\n`);
    if (!isMoving) return;
    await pause(LINE_MS, signal);
  }
}

/** Resolves early when it is to stop. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** In raw mode the terminal sends Ctrl-C as a character. @returns puts everything back */
function stopOnRequest(stop: AbortController): () => void {
  const { stdin, stdout } = process;
  const isInteractive = stdin.isTTY === true && stdout.isTTY === true;
  const onSignal = (): void => stop.abort();
  const onKey = (key: Buffer): void => {
    const text = key.toString();
    if (text.includes('q') || text.includes('Q') || text.includes(CTRL_C)) stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Its reader has gone.
  stdout.on('error', onSignal);
  if (isInteractive) {
    stdin.setRawMode(true);
    stdin.on('data', onKey);
    stdin.resume();
  }
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    stdout.off('error', onSignal);
    if (!isInteractive) return;
    stdin.off('data', onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
