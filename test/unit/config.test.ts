import { describe, expect, test, vi } from 'vitest';
import { SIMULATE_PROFILES } from '../../src/config/config.js';
import { childEnvironment } from '../../src/config/environment.js';
import { PROFILES } from '../../src/simulator/settings.js';
import { datasyncPlan, readConfig } from '../support/datasync.js';

function configOf(environment: Record<string, string>, flags: Record<string, unknown> = {}) {
  const read = readConfig(environment, flags);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.config;
}

function faultsOf(environment: Record<string, string>, flags: Record<string, unknown> = {}) {
  const read = readConfig(environment, flags);
  return read.ok ? [] : read.faults.map(({ setting }) => setting);
}

describe('configuration', () => {
  test('nothing configured means the simulator into embedded PostgreSQL', () => {
    const config = configOf({});
    expect(config.target).toMatchObject({ kind: 'simulator', events: 200_000, profile: 'fast' });
    expect(config.database.kind).toBe('embedded');
    expect(config.concurrency).toBe(10);
    expect(config.pageLimit).toBeNull();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('a key alone means the live API', () => {
    const { target } = configOf({ TARGET_API_KEY: 'k' });
    expect(target).toMatchObject({ kind: 'api', basePath: '/api/v1', secrets: ['k'] });
    expect(target.kind === 'api' && datasyncPlan.baseUrl.startsWith(target.origin)).toBe(true);
  });

  test('simulated events go into an embedded database of their own', () => {
    const nameOf = (...args: Parameters<typeof configOf>) => {
      const { database } = configOf(...args);
      return database.kind === 'embedded' ? database.name : database.kind;
    };
    expect(nameOf({})).toBe('simulation');
    expect(nameOf({ TARGET_API_KEY: 'k' }, { simulate: true })).toBe('simulation');
    expect(nameOf({ TARGET_API_KEY: 'k' })).toBe('ingestion');
  });

  test('the placeholder of .env.example counts as no key', () => {
    expect(configOf({ TARGET_API_KEY: 'YOUR_API_KEY_HERE' }).target.kind).toBe('simulator');
  });

  test('the simulator has the profiles that can be chosen, and an unknown one is a fault', () => {
    expect(Object.keys(PROFILES)).toEqual([...SIMULATE_PROFILES]);
    expect(faultsOf({ SIMULATE_PROFILE: 'nope' })).toEqual(['SIMULATE_PROFILE']);
  });

  test.each([
    ['?key=1', 'a query or a fragment'],
    ['#top', 'a query or a fragment'],
    ['/?', null],
  ])('API_BASE_URL with %s behind it: %s', (tail, words) => {
    const read = readConfig(
      { TARGET_API_KEY: 'k', API_BASE_URL: `https://api.test/api/v1${tail}` },
      {},
    );
    if (words === null) return expect(read.ok).toBe(true);
    expect(read).toMatchObject({
      faults: [{ setting: 'API_BASE_URL', message: expect.stringContaining(words) }],
    });
  });

  test('a password in API_BASE_URL is refused, and not repeated', () => {
    const read = readConfig({ TARGET_API_KEY: 'k', API_BASE_URL: 'https://me:hush@api.test' }, {});
    expect(read).toMatchObject({ faults: [{ setting: 'API_BASE_URL' }] });
    expect(JSON.stringify(read)).not.toContain('hush');
  });

  test('a URL without a key is refused', () => {
    expect(faultsOf({ API_BASE_URL: 'http://127.0.0.1:1/api/v1' })).toEqual(['TARGET_API_KEY']);
  });

  test('simulated data goes into a DATABASE_URL only when told so', () => {
    const environment = { DATABASE_URL: 'postgres://u:p@h/d' };
    expect(faultsOf(environment)).toEqual(['DATABASE_URL']);
    expect(configOf(environment, { simulate: true }).database.kind).toBe('url');
  });

  test('what node-postgres reads itself goes with a DATABASE_URL, and no other variable', () => {
    const variables = { PGPASSWORD: 'p', PGSSLMODE: 'require', PGPASSFILE: '/f', HOME: '/home/me' };
    const { database } = configOf({
      ...{ DATABASE_URL: 'postgres://h/d', TARGET_API_KEY: 'k', USER: 'me', PATH: '/bin' },
      ...variables,
    });
    expect(database).toMatchObject({ variables: { ...variables, USER: 'me' } });
    expect(Object.keys(database.kind === 'url' ? database.variables : {})).toHaveLength(5);
  });

  test('a flag wins over the environment', () => {
    expect(configOf({ WORKER_CONCURRENCY: '3' }, { concurrency: 7 }).concurrency).toBe(7);
  });

  test('every fault is listed, not the first', () => {
    const faults = faultsOf({
      API_BASE_URL: 'http://localhost/api/v1',
      WORKER_CONCURRENCY: 'many',
      BATCH_SIZE: '0',
      DATABASE_URL: 'mysql://h/d',
      WRITE_METHOD: 'fax',
    });
    expect(faults.sort()).toEqual([
      'BATCH_SIZE',
      'DATABASE_URL',
      'DATABASE_URL',
      'TARGET_API_KEY',
      'WORKER_CONCURRENCY',
      'WRITE_METHOD',
    ]);
  });

  test('a fault is named as its value was given: by the flag or by the variable', () => {
    const flags = { limit: 100_000_000, quarantineLimit: '7', port: '70000', concurrency: 5_000 };
    const named = ['--concurrency', '--limit', '--port', '--quarantine-limit'];
    expect(faultsOf({ BATCH_SIZE: '0' }, flags).sort()).toEqual(named);
    expect(faultsOf({ BATCH_SIZE: '0', HTTP_PORT: 'x' }).sort()).toEqual([
      'BATCH_SIZE',
      'HTTP_PORT',
    ]);
  });

  test('no fault repeats the value of a secret', () => {
    const values = {
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      ALERT_WEBHOOK_URL: 'ftp://hooks/hunter2',
      PAGERDUTY_ROUTING_KEY: 'hunter2',
    };
    const read = readConfig(values, {});
    const faults = ['ALERT_WEBHOOK_URL', 'DATABASE_URL', 'DATABASE_URL', 'ALERT_FORMAT'];
    expect(faultsOf(values).sort()).toEqual(faults.sort());
    expect(JSON.stringify(read)).not.toContain('hunter2');
  });
});

test('a child inherits what it needs to run, and no secret', () => {
  vi.stubEnv('TARGET_API_KEY', 'a-key');
  vi.stubEnv('DATABASE_URL', 'postgres://u:hunter2@h/d');
  vi.stubEnv('PGPASSWORD', 'hunter2');
  vi.stubEnv('SOME_TOKEN', 'of somebody else');
  vi.stubEnv('NODE_OPTIONS', '--no-warnings');
  const inherited = childEnvironment();
  vi.unstubAllEnvs();
  expect(inherited).toMatchObject({ PATH: process.env.PATH, NODE_OPTIONS: '--no-warnings' });
  expect(Object.keys(inherited).filter((name) => /KEY|TOKEN|URL|PG/.test(name))).toEqual([]);
});

describe('alerts', () => {
  const url = 'https://hooks.example.com/x';

  test('there are none without a webhook', () => {
    expect(configOf({}).alerts).toBeNull();
    expect(configOf({ ALERT_STALL_MINUTES: '3' }).alerts).toBeNull();
  });

  test('a webhook alone means JSON, and ten minutes without a page', () => {
    const alerts = {
      ...{ url, format: 'json', routingKey: null, stallMs: 600_000 },
      ...{ lateAfterMs: null, rowFallShare: 0.5 },
    };
    expect(configOf({ ALERT_WEBHOOK_URL: url }).alerts).toEqual(alerts);
    const later = { ALERT_WEBHOOK_URL: url, ALERT_LATE_AFTER: '2h', ALERT_ROW_FALL: '0' };
    expect(configOf(later).alerts).toMatchObject({ lateAfterMs: 7_200_000, rowFallShare: 0 });
  });

  test('PagerDuty needs its key, and knows its own address', () => {
    const pagerduty = { ALERT_FORMAT: 'pagerduty' };
    expect(faultsOf(pagerduty)).toEqual(['PAGERDUTY_ROUTING_KEY']);
    const { alerts } = configOf({ ...pagerduty, PAGERDUTY_ROUTING_KEY: 'k' });
    expect(alerts).toMatchObject({
      ...{ routingKey: 'k', format: 'pagerduty' },
      url: 'https://events.pagerduty.com/v2/enqueue',
    });
  });

  test('settings that would quietly send nothing are refused', () => {
    expect(faultsOf({ ALERT_FORMAT: 'slack' })).toEqual(['ALERT_WEBHOOK_URL']);
    expect(faultsOf({ PAGERDUTY_ROUTING_KEY: 'k' })).toEqual(['ALERT_FORMAT']);
  });

  test('a fraction of a minute is taken, a mistake is named', () => {
    const values = { ALERT_WEBHOOK_URL: url, ALERT_STALL_MINUTES: '0.05' };
    expect(configOf(values).alerts?.stallMs).toBe(3_000);
    expect(faultsOf({ ...values, ALERT_STALL_MINUTES: '0', ALERT_FORMAT: 'fax' }).sort()).toEqual([
      'ALERT_FORMAT',
      'ALERT_STALL_MINUTES',
    ]);
  });
});

describe('a schedule', () => {
  test('is none unless it is asked for', () => {
    expect(configOf({}).schedule).toBeNull();
  });

  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('every %s', (text, everyMs) => {
    const schedule = { kind: 'every', everyMs, jitterShare: 0.1 };
    expect(configOf({ SCHEDULE_EVERY: text }).schedule).toEqual(schedule);
    expect(configOf({}, { every: text }).schedule).toEqual(schedule);
  });

  test('a cron expression has a time zone: its own, or that of the process', () => {
    const zoned = { SCHEDULE_CRON: '0 6 * * 1-5', SCHEDULE_TIMEZONE: 'Europe/Zurich' };
    expect(configOf(zoned).schedule).toMatchObject({ kind: 'cron', timeZone: 'Europe/Zurich' });
    const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(configOf({ SCHEDULE_CRON: '@hourly' }).schedule).toMatchObject({ timeZone });
  });

  test('a flag of one kind wins over a variable of the other', () => {
    const cron = { SCHEDULE_CRON: '@daily' };
    expect(configOf(cron, { every: '1h' }).schedule).toMatchObject({ kind: 'every' });
    expect(configOf({ SCHEDULE_EVERY: '1h' }, { cron: '@daily' }).schedule).toMatchObject({
      kind: 'cron',
    });
    expect(faultsOf({ ...cron, SCHEDULE_EVERY: '1h' })).toEqual(['SCHEDULE_CRON']);
  });

  test.each([
    [{ SCHEDULE_EVERY: '15' }, 'SCHEDULE_EVERY', 'a number and its unit'],
    [{ SCHEDULE_EVERY: '10ms' }, 'SCHEDULE_EVERY', 'of 1 s or more'],
    [{ SCHEDULE_CRON: '61 * * * *' }, 'SCHEDULE_CRON', 'Invalid value for minute: 61'],
    [{ SCHEDULE_CRON: '* * * * * *' }, 'SCHEDULE_CRON', 'takes five fields'],
    [{ SCHEDULE_CRON: '0 0 30 2 *' }, 'SCHEDULE_CRON', 'names no instant'],
    [{ SCHEDULE_CRON: '2027-01-01T00:00:00' }, 'SCHEDULE_CRON', 'takes five fields'],
    [{ SCHEDULE_TIMEZONE: 'Mars/Olympus' }, 'SCHEDULE_TIMEZONE', 'IANA name'],
    [{ SCHEDULE_JITTER: '0.6' }, 'SCHEDULE_JITTER', 'from 0 to 0.5'],
  ])('%j is refused', (environment, setting, words) => {
    expect(readConfig(environment, {})).toMatchObject({
      faults: [{ setting, message: expect.stringContaining(words) }],
    });
  });

  test('a fault of a flag is named by the flag', () => {
    expect(faultsOf({}, { cron: 'never' })).toEqual(['--cron']);
  });
});
