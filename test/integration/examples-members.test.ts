/** examples/members: two processes that share a run, and the compose file that starts three. */
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_NAMES } from '../../src/config/config.js';
import { Example } from '../support/example.js';
import { type FixtureServer, startFixtureServer } from '../support/fixture-server.js';
import { useEmptyTables } from '../support/ingest-check.js';
import { type IngestProcess, useIngestFolder } from '../support/ingest-process.js';
import { useRedisServer } from '../support/redis-server.js';
import { check, hasCommand } from '../support/repository.js';

const PRODUCTS = 2_000;
const folder = useIngestFolder();

interface Catalogue extends FixtureServer {
  /** From then on every page is answered; before, the first alone. */
  open(): void;
}

async function startCatalogue(): Promise<Catalogue> {
  let isOpen = false;
  const held: (() => void)[] = [];
  const server = await startFixtureServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [offset = 0, size = 0] = ['offset', 'limit'].map((name) =>
      Number(searchParams.get(name)),
    );
    const count = Math.max(0, Math.min(size, PRODUCTS - offset));
    const items = Array.from({ length: count }, (_, nth) => ({ id: offset + nth }));
    const answer = () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ items, total: PRODUCTS }));
    };
    if (isOpen || offset === 0) answer();
    else held.push(answer);
  });
  const open = () => {
    isOpen = true;
    for (const answer of held.splice(0)) answer();
  };
  return { ...server, open };
}

describe('by hand', () => {
  const database = useEmptyTables();
  const redis = useRedisServer();
  const servers: FixtureServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  test('two processes copy the catalogue together, each record once', async () => {
    const api = await startCatalogue();
    servers.push(api);
    const example = new Example('members', folder);
    expect(example.commands()[0]).toBe('datasync ingest --source ./catalogue.yaml\n');
    const env = {
      ...{ API_BASE_URL: api.origin, CATALOGUE_TOKEN: 'a-token' },
      ...{ DATABASE_URL: database.connectionString, REDIS_URL: redis.url },
    };
    const join = async (): Promise<IngestProcess> => {
      const args = ['ingest', '--source', example.file('catalogue.yaml'), '--json'];
      const member = folder.start(args, env);
      await member.untilLog(({ event }) => event === 'run_started' || event === 'run_resumed');
      return member;
    };
    const members = [await join(), await join()];
    const { rows: living } = await database.pool.query(
      'SELECT FROM ingestion_members WHERE lease_until > clock_timestamp()',
    );
    expect(living).toHaveLength(2);
    api.open();
    for (const exit of await Promise.all(members.map((member) => member.end()))) {
      expect(exit.code, exit.stdout + exit.stderr.slice(-2_000)).toBe(0);
      expect(exit.result).toMatchObject({ status: 'complete', run: 1 });
    }
    const { rows } = await database.pool.query<{ id: string }>(
      'SELECT id FROM catalogue.products ORDER BY id',
    );
    expect(rows.map(({ id }) => Number(id))).toEqual(
      Array.from({ length: PRODUCTS }, (_, id) => id),
    );
  });
});

describe('docker-compose.yml', () => {
  interface Service {
    readonly environment: Readonly<Record<string, string>>;
    readonly cap_drop: readonly string[];
    readonly deploy?: { readonly replicas: number };
    readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
    readonly volumes?: readonly string[];
  }
  const open = () => {
    const example = new Example('members', folder);
    const { services } = parse(example.read('docker-compose.yml')) as {
      readonly services: Readonly<Record<string, Service>>;
    };
    return { example, services };
  };

  test('starts three members once PostgreSQL and Redis are ready, each with the source file', () => {
    const { services } = open();
    const { ingestion } = services;
    const healthy = { condition: 'service_healthy' };
    expect(ingestion).toMatchObject({
      deploy: { replicas: 3 },
      depends_on: { postgres: healthy, redis: healthy },
      volumes: ['./catalogue.yaml:/app/sources/catalogue.yaml:ro'],
    });
    const known = [...SETTING_NAMES, 'PGPASSWORD', 'CATALOGUE_TOKEN'];
    for (const name of Object.keys(ingestion?.environment ?? {})) expect(known).toContain(name);
    for (const service of Object.values(services)) expect(service.cap_drop).toEqual(['ALL']);
  });

  test('docker-compose reads it', (context) => {
    if (!hasCommand('docker-compose')) return context.skip('docker-compose is not installed');
    const { example } = open();
    const filled = example.read('.env.example').replace(/^([A-Z_]+)=$/gm, '$1=x');
    writeFileSync(example.file('.env'), filled);
    const { status, output } = check(
      'docker-compose',
      '--file',
      example.file('docker-compose.yml'),
      'config',
    );
    expect(status, output).toBe(0);
  });
});
