/** `datasync ingest --dry-run`: what an ingestion would do. */
import type { AskedPass } from '../config/config.js';
import { wouldDelete } from '../session/deletion/would-delete.js';
import { runOriginOf } from '../session/open-source.js';
import { scheduleText } from '../session/schedule/schedule-text.js';
import type { CommandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import type { IngestEnd } from './ingest-on-schedule.js';

export async function dryRun(context: CommandContext): Promise<IngestEnd> {
  const { config } = context;
  const { database } = config;
  const plan = {
    source: config.source,
    streams: config.streams.join(', '),
    origin: runOriginOf(config.target),
    database:
      database.kind === 'embedded'
        ? `embedded in ${database.dataFolder}, named ${database.name}`
        : 'DATABASE_URL',
    concurrency: config.concurrency,
    pageLimit: config.pageLimit ?? 'the largest that the source takes',
    writeMethod: config.writeMethod,
    restart: config.restart,
    asked: config.asked,
    schedule: config.schedule === null ? 'none' : scheduleText(config.schedule),
  };
  context.say('Dry run: nothing is asked and nothing written.');
  const told = { ...plan, asked: askedText(config.asked) };
  for (const [name, value] of Object.entries(told)) context.say(`  ${name.padEnd(12)} ${value}`);
  const deletions = config.deleteMissing ? await wouldDelete(context) : null;
  for (const { text } of deletions ?? []) context.say(`  ${text}`);
  context.json({ status: 'dry-run', ...plan, ...(deletions && { deletions }) });
  return { exitCode: EXIT.complete, message: null, resumeAtMs: null, isForAPerson: false };
}

function askedText(asked: AskedPass): string {
  switch (asked.type) {
    case 'next':
      return 'what a run has left, else what is new';
    case 'full':
      return 'all';
    case 'range':
      return `from ${asked.since ?? 'the beginning'} to ${asked.until ?? 'the end'}`;
  }
}
