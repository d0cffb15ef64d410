/** Asks a person before what cannot be undone. */
import { createInterface } from 'node:readline/promises';
import PQueue from 'p-queue';
import type { Config } from '../config/config.js';
import type { Wish } from '../session/submission/hand-in.js';
import { UserError } from '../session/user-error.js';

/** Before hours are spent on a run. @throws UserError where nobody could be asked at its end */
export function requireConfirmable({
  deleteMissing,
  yes,
  json,
  dryRun,
}: Record<string, unknown>): void {
  if (deleteMissing !== true || yes === true || dryRun === true) return;
  if (json !== true && process.stdin.isTTY) return;
  throw new UserError(
    'There is no terminal to ask on before rows are deleted: --yes deletes them without asking.',
    'usage',
  );
}

/** Each run has to read all, and nobody waits at its end. @throws UserError */
export function requireWholeOnSchedule(
  { deleteMissing, asked }: Pick<Config, 'deleteMissing' | 'asked'>,
  isConfirmed: boolean,
): void {
  if (!deleteMissing || (asked.type === 'full' && isConfirmed)) return;
  throw new UserError(
    'On a schedule --delete-missing needs --full, so that each run reads all, and --yes.',
    'usage',
  );
}

/** Several streams may come to their ends at once, and a terminal takes one answer. */
const questions = new PQueue({ concurrency: 1 });

/** What a person wants; `interrupted`: to leave the question. */
export function askOnTerminal(question: string): Promise<Wish> {
  return questions.add(() => ask(question));
}

async function ask(question: string): Promise<Wish> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // The end of input is a no. On a terminal Ctrl-C is a key that only the interface sees.
  const ended = new Promise<Wish>((answer) => {
    lines.once('SIGINT', () => answer('interrupted'));
    lines.once('close', () => answer('no'));
  });
  const answered = lines
    .question(`${question} [y/N] `)
    .then((answer): Wish => (/^y(?:es)?$/i.test(answer.trim()) ? 'yes' : 'no'));
  try {
    return await Promise.race([answered, ended]);
  } finally {
    lines.close();
  }
}
