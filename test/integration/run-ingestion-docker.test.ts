import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SETTING_NAMES } from '../../src/config/config.js';
import { finished, ScriptSandbox } from '../support/script-sandbox.js';

const KEY = { TARGET_API_KEY: 'a-real-key' };
const ENGINE = { STUB_ENGINE: '0' };

let sandbox: ScriptSandbox;
beforeEach(() => {
  sandbox = new ScriptSandbox();
});
afterEach(() => sandbox.remove());

describe('in Docker', () => {
  test('it starts the services, shows the log, and ends though the container stays up', async () => {
    const run = await sandbox.run(['--docker', '--limit', '5', 'two words'], { ...KEY, ...ENGINE });
    expect(run).toMatchObject({ code: 0, stderr: expect.stringMatching(/compose output/) });
    expect(run.stdout).toBe(
      'Made .env from .env.example: put your key there, as TARGET_API_KEY.\n' +
        'Starting the services ...\npage 1\na \\ backslash\ningestion complete\n',
    );
    const calls = sandbox.calls();
    expect(calls).toContain('[docker][compose][up][--detach][--build][assignment-postgres]');
    expect(calls).toContain(
      '[docker][compose][up][--detach][--build][--force-recreate][assignment-ingestion]',
    );
    expect(calls).toContain('[env][start=true][simulate=false][database=]');
    expect(calls.join('\n')).toContain('[flags][--limit\n5\ntwo words]');
    expect(sandbox.leftovers()).toEqual([]);
  });

  test.each([1, 3, 4, 130])('the exit code %i of the ingestion comes back', async (code) => {
    sandbox.writeContainerLog(code);
    expect((await sandbox.run(['--docker'], { ...KEY, ...ENGINE })).code).toBe(code);
  });

  test('without a key the simulator is started, and its events are permitted', async () => {
    await sandbox.run(['--docker'], ENGINE);
    expect(sandbox.calls()).toContain(
      '[docker][compose][up][--detach][--build][assignment-postgres][assignment-simulator]',
    );
    expect(sandbox.calls()).toContain('[env][start=true][simulate=true][database=]');
  });

  test("simulated events are not permitted in a database of one's own", async () => {
    const DATABASE_URL = 'postgres://u:p@db.example:5432/mine';
    await sandbox.run(['--docker'], { ...ENGINE, DATABASE_URL });
    expect(sandbox.calls()).toContain(
      `[env][start=true][simulate=false][database=${DATABASE_URL}]`,
    );
  });

  test('a database of this machine is refused, unless it is the one of the compose file', async () => {
    const refused = await sandbox.run(['--docker'], {
      ...KEY,
      ...ENGINE,
      DATABASE_URL: 'postgres://u:p@localhost:5432/mine',
    });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/names this machine/) });
    expect(refused.stderr).not.toContain('u:p');
    await sandbox.run(['--docker'], {
      ...KEY,
      ...ENGINE,
      DATABASE_URL: 'postgresql://postgres:postgres@localhost:5434/ingestion',
    });
    expect(sandbox.calls()).toContain('[env][start=true][simulate=false][database=]');
  });

  test('a variable that is set to nothing does not hide its value in .env from compose', async () => {
    const nothing = Object.fromEntries(SETTING_NAMES.map((name) => [name, '']));
    const set = { LOG_LEVEL: 'debug', QUARANTINE_LIMIT: '0.5' };
    const run = await sandbox.run(['--docker'], { ...nothing, ...ENGINE, ...set });
    expect(run.code).toBe(0);
    const passed = sandbox.composeVariables().filter((name) => SETTING_NAMES.includes(name));
    // Compose takes its address from CONTAINER_DATABASE_URL, and the places in a container are its own.
    const unused = ['DATABASE_URL', 'STATE_FILE', 'REPORTS_FOLDER', 'DATA_FOLDER', 'HTTP_HOST'];
    expect(passed.filter((name) => !unused.includes(name)).sort()).toEqual(Object.keys(set));
  });

  test('with --json standard output holds nothing but the result', async () => {
    const run = await sandbox.run(['--docker', '--json'], { ...KEY, ...ENGINE });
    expect(run.stdout).toBe('{"status":"complete"}\n');
    expect(run.stderr).toMatch(/page 1\n[\s\S]*ingestion complete\n/);
  });

  test.each([
    ['Bind for 127.0.0.1:5434 failed: port is already allocated', /port is taken/],
    ['write /var/lib/docker: no space left on device', /disk is full/],
    ['dial tcp: lookup registry: no such host', /registry cannot be reached/],
    ['something else', /could not be started/],
  ])('services that do not start say why: %s', async (says, sentence) => {
    const run = await sandbox.run(['--docker'], { ...KEY, ...ENGINE, STUB_UP_SAYS: says });
    expect(run.code).toBe(1);
    expect(run.stderr.trimEnd().split('\n').at(-1)).toMatch(sentence);
  });

  test('SIGTERM interrupts the ingestion in the container and waits for its end', async () => {
    sandbox.writeContainerLog(null);
    const child = sandbox.start(['--docker'], { ...KEY, ...ENGINE });
    let isSent = false;
    child.stdout?.on('data', (chunk) => {
      if (isSent || !String(chunk).includes('ingestion complete')) return;
      isSent = true;
      child.kill('SIGTERM');
    });
    const run = await finished(child);
    expect(run.code).toBe(130);
    expect(run.stdout.match(/page 1/g)).toHaveLength(1);
    expect(sandbox.calls()).toContain('[docker][kill][--signal=INT][assignment-ingestion]');
  });
});
