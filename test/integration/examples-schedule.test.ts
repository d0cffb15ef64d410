/** examples/schedule: a compose file and a unit of systemd, read, and checked by what would run them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_NAMES } from '../../src/config/config.js';
import { check, hasCommand, REPOSITORY } from '../support/repository.js';

/** A run drains within ten seconds, and the last alerts have ten more. */
const STOP_SECONDS = 20;

const folder = mkdtempSync(join(tmpdir(), 'datasync-example-'));
cpSync(join(REPOSITORY, 'examples/schedule'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Compose {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe('docker-compose.yml', () => {
  const { services } = parse(read('docker-compose.yml')) as Compose;
  const { postgres, ingestion } = services;

  test('starts the program on its schedule, once the database is ready, and again when it ends', () => {
    expect(Object.keys(services)).toEqual(['postgres', 'ingestion']);
    expect(ingestion).toMatchObject({
      command: ['dist/src/main.js', 'ingest'],
      depends_on: { postgres: { condition: 'service_healthy' } },
      restart: 'unless-stopped',
    });
    const environment = Object.keys(ingestion?.environment as object);
    for (const name of environment) expect([...SETTING_NAMES, 'PGPASSWORD']).toContain(name);
    expect(environment).toEqual(expect.arrayContaining(['SCHEDULE_EVERY', 'SCHEDULE_CRON']));
  });

  test('asks the health of both, and publishes nothing beyond this host', () => {
    expect(JSON.stringify(postgres?.healthcheck)).toContain('pg_isready');
    expect(JSON.stringify(ingestion?.healthcheck)).toContain('http://127.0.0.1:8080/readyz');
    for (const service of Object.values(services)) {
      for (const port of service.ports as string[]) expect(port).toMatch(/^127\.0\.0\.1:/);
      expect(service).toMatchObject({ cap_drop: ['ALL'] });
    }
  });

  test('its grace period outlasts drain and alerts', () => {
    expect(Number.parseInt(String(ingestion?.stop_grace_period), 10)).toBeGreaterThan(STOP_SECONDS);
  });

  test('docker-compose reads it', (context) => {
    if (!hasCommand('docker-compose')) return context.skip('docker-compose is not installed');
    writeFileSync(join(folder, '.env'), read('.env.example').replace(/PASSWORD=$/m, 'PASSWORD=x'));
    const file = join(folder, 'docker-compose.yml');
    const { status, output } = check('docker-compose', '--file', file, 'config');
    expect(status, output).toBe(0);
  });
});

describe('datasync-ingestion.service', () => {
  const unit = read('datasync-ingestion.service');
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];

  test('starts it again, but not after an exit that needs a person, and lets it drain', () => {
    expect(value('Type')).toBe('exec');
    expect(value('Restart')).toBe('on-failure');
    expect(value('RestartPreventExitStatus')).toBe('2 4');
    expect(value('SuccessExitStatus')).toBe('130');
    expect(Number.parseInt(value('TimeoutStopSec') ?? '', 10)).toBeGreaterThan(STOP_SECONDS);
  });

  test('systemd reads it, and rates it as little exposed', (context) => {
    if (!hasCommand('systemd-analyze')) return context.skip('systemd-analyze is not installed');
    const here = unit
      .replace('/usr/bin/node', process.execPath)
      .replace('/opt/datasync-ingestion', REPOSITORY);
    const file = join(folder, 'datasync-ingestion.service');
    writeFileSync(file, here);
    const verified = check('systemd-analyze', 'verify', file);
    expect([verified.status, verified.output]).toEqual([0, '']);
    const { output } = check('systemd-analyze', 'security', '--offline=yes', file);
    expect(Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(output)?.[1])).toBeLessThan(3);
    writeFileSync(file, here.replace('Type=exec', 'Type=exce'));
    expect(check('systemd-analyze', 'verify', file).output).toContain('exce');
  });
});

test('.env.example names settings of the program, or variables of its source', () => {
  const names = [...read('.env.example').matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  const source = readFileSync(join(REPOSITORY, 'sources/github.yaml'), 'utf8');
  for (const name of names) {
    const isKnown = SETTING_NAMES.includes(name ?? '') || name === 'POSTGRES_PASSWORD';
    expect(isKnown || source.includes(name ?? ''), name).toBe(true);
  }
  expect(names).toEqual(expect.arrayContaining(['SCHEDULE_EVERY', 'DATABASE_URL', 'SOURCE']));
});
