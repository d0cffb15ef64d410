/** `datasync status`: where the run stands, from the database. */
import { Command } from 'commander';
import { openRunStore } from '../database/run-store.js';
import { formatCount } from '../observe/eta.js';
import { commandContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { openDatabase } from './open-database.js';
import { runOriginOf } from './open-target.js';

export function statusCommand(): Command {
  return new Command('status')
    .description('show where the run stands')
    .option('--simulate', 'the run over the bundled simulator')
    .option('--json', 'print one JSON line')
    .addHelpText('after', '\nExample:\n  datasync status --json')
    .action(async (flags: Record<string, unknown>) => {
      const context = await commandContext({ ...flags, logLevel: 'warn' });
      const { config } = context;
      const database = await openDatabase(config, context.log);
      try {
        const store = openRunStore(database.pool);
        const run = await store.findLatestRun(config.source, runOriginOf(config.target));
        if (run === null) {
          context.say('No run yet: `datasync ingest` begins one.');
          context.json({ status: 'none' });
          return;
        }
        const totals = await store.loadTotals(run.run);
        const open = (await store.loadSegments(run.run)).filter(({ status }) => status === 'open');
        context.say(`Run ${run.run}: ${run.status}, begun ${iso(run.startedAtMs)}`);
        context.say(`  source    ${run.source}, ${run.origin}`);
        context.say(
          `  events    ${formatCount(totals.covered)} in the table, ${totals.pages} pages`,
        );
        context.say(`  set aside ${formatCount(totals.quarantined)} in quarantine`);
        context.say(`  segments  ${open.length} open`);
        if (run.resumeAtMs !== null) context.say(`  resume    from ${iso(run.resumeAtMs)}`);
        if (run.lastError !== null) context.say(`  reason    ${run.lastError}`);
        context.say(`  data      ${database.openCommand}`);
        context.json({ ...run, ...totals, openSegments: open.length });
        process.exitCode = EXIT.complete;
      } finally {
        await database.close();
      }
    });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
