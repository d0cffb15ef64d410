import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { usePostgres } from '../support/postgres.js';
import { readRepositoryFile } from '../support/repository.js';

/** What only a person does, or what this file does in another way. */
const LEFT_OUT = /^(?:npm link|PGPASSFILE=.* psql .*)$/;
const SERVER = /^datasync simulate /;
const PORT = /\b7480\b/g;
/** Fewer than a newcomer has, for the sake of time. */
const DEMO_EVENTS = 20_000;

const database = usePostgres();
const folder = useIngestFolder();

interface Step {
  readonly text: string;
  /** `# exit 3` behind the command says so. */
  readonly exitCode: number;
}

const steps: readonly Step[] = [
  ...readRepositoryFile('docs/tutorial.md').matchAll(/^```sh\n([\s\S]*?)^```$/gm),
].flatMap(([, block = '']) =>
  block
    .trimEnd()
    .split('\n')
    .map((line) => ({
      text: line.replace(/\s+#.*$/, ''),
      exitCode: Number(/# exit (\d+)$/.exec(line)?.[1] ?? 0),
    })),
);

test('every command ends as the page says, and the rows are there', async () => {
  const port = await freePort();
  const env: Record<string, string> = {
    DATABASE_URL: database.connectionString,
    SIMULATE_EVENTS: String(DEMO_EVENTS),
  };
  for (const { text, exitCode } of steps) {
    const set = /^export ([A-Z_]+)=(.*)$/.exec(text);
    if (set !== null) env[set[1] ?? ''] = set[2] ?? '';
    else if (!LEFT_OUT.test(text)) await follow(text.replace(PORT, String(port)), exitCode, env);
  }
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*)::int FROM ingested_events) AS demo,
            (SELECT count(*)::int FROM tour.events) AS tour`,
  );
  expect(rows).toEqual([{ demo: DEMO_EVENTS, tour: 5_000 }]);
  expect(steps.length).toBeGreaterThan(12);
});

async function follow(text: string, exitCode: number, env: Record<string, string>): Promise<void> {
  const args = argsOf(text);
  if (SERVER.test(text)) {
    await folder.start(args, env).untilOutput(/^simulator listening on /m);
    return;
  }
  const { code, stdout, stderr } = await folder.run(args, env);
  expect(code, `${text}\n${stdout}${stderr}`).toBe(exitCode);
}

/** The flags of `datasync` that a line stands for. The demo needs to be told here, for there is a database. */
function argsOf(text: string): readonly string[] {
  const words = [...text.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
  if (text === 'sh run-ingestion.sh') return ['ingest', '--simulate'];
  if (words[0] === 'datasync') return words.slice(1);
  expect(words.slice(0, 2), text).toEqual(['npm', 'run']);
  return words.slice(2);
}
