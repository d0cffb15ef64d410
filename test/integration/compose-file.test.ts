/** docker-compose.yml, which cannot be started without a Docker engine: read, and checked by compose. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { SETTING_NAMES } from '../../src/config/config.js';
import { check, hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

/** The drain finishes what is in flight within this. */
const DRAIN_SECONDS = 10;

const compose = readRepositoryFile('docker-compose.yml');
const dockerfile = readRepositoryFile('Dockerfile');

/** The lines of one service. */
function service(name: string): string {
  const start = compose.indexOf(`\n  ${name}:\n`);
  expect(start, `service ${name}`).toBeGreaterThan(0);
  const rest = compose.slice(start + 1);
  const end = rest.slice(1).search(/\n {0,2}\S/);
  return end < 0 ? rest : rest.slice(0, end + 1);
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
      // Prometheus asks by the name of the service, as docs/observe/prometheus says.
      HTTP_ALLOWED_HOSTS: /^"assignment-ingestion,\$\{HTTP_ALLOWED_HOSTS:-\}"$/,
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
    expect(published).toHaveLength(5);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
    const onHost = published.map((port) => /^127\.0\.0\.1:(.*):\d+$/.exec(port ?? '')?.[1]);
    const fixed = onHost.filter((port) => port !== '');
    expect(new Set(fixed).size).toBe(fixed.length);
  });

  test('both keep their data in volumes', () => {
    expect(database).toMatch(/- postgres-data:\/var\/lib\/postgresql\/data$/m);
    expect(ingestion).toMatch(/- ingestion-data:\/data$/m);
    // Where commands write what docker cp takes; a new container must still have it.
    expect(ingestion).toMatch(/- ingestion-results:\/app$/m);
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
