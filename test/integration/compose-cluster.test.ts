/** The profile `cluster` of docker-compose.yml: read, and checked by compose. No engine starts it here. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_NAMES } from '../../src/config/config.js';
import { hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

/** The drain finishes what is in flight within this. */
const DRAIN_SECONDS = 10;

const compose = readRepositoryFile('docker-compose.yml');

interface Service {
  readonly profiles?: readonly string[];
  readonly image: string;
  readonly command?: readonly string[];
  readonly container_name?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
  readonly restart?: string;
  readonly user?: string;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
}

const { services } = parse(compose, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
};
const named = (name: string): Service => {
  const found = services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
const alone = named('assignment-ingestion');
const redis = named('redis');
/** What `docker compose --profile …` starts. */
const started = (...profiles: string[]) =>
  Object.entries(services)
    .filter(
      ([, { profiles: of = [] }]) => of.length === 0 || of.some((one) => profiles.includes(one)),
    )
    .map(([name]) => name);
const usual = ['assignment-postgres', 'assignment-ingestion', 'assignment-simulator'];

test('adds to the usual services, which without it are all that starts', () => {
  expect(started()).toEqual(usual);
  expect(new Set(started('cluster'))).toEqual(new Set([...usual, 'ingestion', 'redis']));
  expect(new Set(started('cluster', 'worker'))).toEqual(
    new Set([...usual, 'ingestion', 'worker', 'redis']),
  );
});

test('what a service waits for is started with it, and says when it is ready', () => {
  const readiness = Object.values(services).flatMap(({ profiles = [], depends_on = {} }) =>
    Object.entries(depends_on).map(([name, { condition }]) => {
      for (const profile of profiles) expect(started(profile)).toContain(name);
      if (profiles.length === 0) expect(started()).toContain(name);
      if (condition === 'service_healthy') {
        expect(named(name).healthcheck?.test.length, name).toBeGreaterThan(1);
      }
      return name;
    }),
  );
  expect(readiness).toEqual(expect.arrayContaining(['redis', 'assignment-postgres']));
});

test.each(['ingestion', 'worker'])('%s can be started any number of times', (name) => {
  const member = named(name);
  expect(member.container_name).toBeUndefined();
  for (const port of member.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1::\d+$/);
  // The port that the image's health check asks.
  expect(member.ports).toEqual([`127.0.0.1::${member.environment?.CONTAINER_HTTP_PORT}`]);
  // Written by each: in the folder that all have it would be everybody's.
  const [temporary] = member.tmpfs ?? [];
  for (const place of ['STATE_FILE', 'REPORTS_FOLDER']) {
    expect(member.environment?.[place]).toMatch(new RegExp(`^${temporary}/`));
  }
  expect(member.volumes).toContain('ingestion-data:/data');
  expect(member.volumes?.some((volume) => volume.endsWith(':/app'))).toBe(false);
});

test.each([
  ['ingestion', 'ingest'],
  ['worker', 'worker'],
])('%s runs %s over that Redis, with the settings of the usual service', (name, command) => {
  const member = named(name);
  expect(member.command).toEqual(['scripts/container.mjs', command]);
  expect(member.image).toBe(alone.image);
  const own = {
    REDIS_URL: 'redis://redis:6379',
    SIMULATE: '$' + '{SIMULATE:-own}',
    STATE_FILE: '/tmp/ingestion.state',
    REPORTS_FOLDER: '/tmp/reports',
  };
  expect(member.environment).toEqual({ ...alone.environment, ...own });
  expect(Object.keys(member.environment ?? {})).toEqual(expect.arrayContaining([...SETTING_NAMES]));
  expect(member.depends_on).toMatchObject({
    'assignment-postgres': { condition: 'service_healthy' },
    redis: { condition: 'service_healthy' },
    'assignment-simulator': { condition: 'service_started' },
  });
  expect(Number.parseInt(member.stop_grace_period ?? '', 10)).toBeGreaterThanOrEqual(
    2 * DRAIN_SECONDS,
  );
});

test('a member that dies comes back, one that has ended its run does not', () => {
  expect(named('ingestion').restart).toMatch(/^on-failure:\d+$/);
  expect(named('worker').restart).toBe('unless-stopped');
});

test('Redis throws nothing away, keeps nothing on a disk, and is not reached from outside', () => {
  expect(redis.image).toMatch(/^redis:[78]-alpine$/);
  const flags = (redis.command ?? []).join(' ');
  expect(flags).toMatch(/--maxmemory-policy noeviction/);
  expect(flags).toMatch(/--appendonly no/);
  expect(flags).toMatch(/--save {2}--/);
  expect(redis.ports).toBeUndefined();
  expect(redis.volumes).toBeUndefined();
  expect(redis.user).toMatch(/^[1-9]\d*:\d+$/);
});

test('every service of it drops all capabilities and gains no privileges', () => {
  for (const name of ['ingestion', 'worker', 'redis']) {
    expect(named(name)).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(named(name)).not.toHaveProperty('cap_add');
    expect(named(name)).not.toHaveProperty('privileged');
  }
});

test('docker-compose reads it, and would name what is missing', (context) => {
  if (!hasCommand('docker-compose')) return context.skip('docker-compose is not installed');
  const config = (text: string) =>
    spawnSync('docker-compose', ['--file', '-', '--profile', 'cluster', 'config'], {
      cwd: REPOSITORY,
      input: text,
      encoding: 'utf8',
    });
  const { status, stdout, stderr } = config(compose);
  expect(status, stderr).toBe(0);
  const read = parse(stdout) as { services: Record<string, Service> };
  expect(read.services.ingestion?.environment).toMatchObject({ REDIS_URL: 'redis://redis:6379' });
  const broken = config(compose.replace('\n  redis:\n', '\n  reddis:\n'));
  expect(broken.status).not.toBe(0);
  expect(broken.stderr).toContain('redis');
});
