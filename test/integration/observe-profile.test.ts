/** Prometheus and Grafana of `docker compose --profile observe`: files, names, and the alert rules. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addClusterMetrics } from '../../src/observe/cluster-metrics.js';
import {
  addEngineMetrics,
  addRunState,
  type EngineParts,
} from '../../src/observe/engine-metrics.js';
import { processRegistry, RunMetrics } from '../../src/observe/metrics.js';
import { ShareMetrics } from '../../src/observe/share-metrics.js';
import { hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

const PROMETHEUS = 'docs/observe/prometheus';
const GRAFANA = 'docs/observe/grafana';
const RULE_TESTS = 'test/rules/alerts.test.yml';

const compose = readRepositoryFile('docker-compose.yml');
const rules = readRepositoryFile(`${PROMETHEUS}/alerts.yml`);

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: {
      readonly x: number;
      readonly y: number;
      readonly w: number;
      readonly h: number;
    };
    readonly datasource: { readonly uid: string };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(
  readRepositoryFile(`${GRAFANA}/dashboards/datasync.json`),
) as Dashboard;

/** The lines of one service. */
function service(name: string): string {
  const [, text] = new RegExp(`\\n  ${name}:\\n((?: {4}.*\\n|\\n)+)`).exec(compose) ?? [];
  expect(text, `service ${name}`).toBeDefined();
  return text ?? '';
}

describe('the profile', () => {
  test.each(['assignment-prometheus', 'assignment-grafana'])(
    '%s starts only when asked for, pinned, on this host alone, with few rights',
    (name) => {
      const text = service(name);
      expect(text).toMatch(/^ {4}profiles: \[observe\]$/m);
      expect(text).toMatch(new RegExp(`^ {4}container_name: ${name}$`, 'm'));
      expect(text).toMatch(/^ {4}image: [a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/m);
      expect(text).toMatch(/^ {4}user: "[1-9]\d*:\d+"$/m);
      expect(text).toMatch(/^ {4}read_only: true$/m);
      expect(text).toMatch(/^ {4}cap_drop: \[ALL\]$/m);
      expect(text).toMatch(/^ {4}security_opt: \["no-new-privileges:true"\]$/m);
      expect(text).toMatch(/^ {4}healthcheck:$/m);
      expect(text).not.toMatch(/cap_add|privileged:/);
      const ports = [...text.matchAll(/- "(.*:\d+)"$/gm)].map((match) => match[1]);
      expect(ports).toHaveLength(1);
      expect(ports[0]).toMatch(/^127\.0\.0\.1:/);
    },
  );

  test('what is mounted is there and cannot be changed from inside', () => {
    const mounts = [...compose.matchAll(/^ {6}- (\.\/\S+?):(\/\S+?)(:ro)?$/gm)];
    expect(mounts).toHaveLength(5);
    for (const [, from = '', , readOnly] of mounts) {
      expect(existsSync(join(REPOSITORY, from)), from).toBe(true);
      expect(readOnly).toBe(':ro');
    }
    const provider = readRepositoryFile(`${GRAFANA}/provisioning/dashboards/datasync.yml`);
    const folder = /path: (\S+)$/m.exec(provider)?.[1];
    expect(mounts.map((match) => match[2])).toContain(folder);
    expect(service('assignment-grafana')).toContain(`HOME_DASHBOARD_PATH: ${folder}/datasync.json`);
  });

  test('Grafana needs no login, lets nobody change anything, and has no password to guess', () => {
    const grafana = service('assignment-grafana');
    for (const setting of [
      'GF_AUTH_ANONYMOUS_ENABLED: "true"',
      'GF_AUTH_ANONYMOUS_ORG_ROLE: Viewer',
      'GF_AUTH_BASIC_ENABLED: "false"',
      'GF_AUTH_DISABLE_LOGIN_FORM: "true"',
      'GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true"',
    ]) {
      expect(grafana).toContain(setting);
    }
  });

  test('each finds the next: Grafana Prometheus, and that both ports of the program', () => {
    const source = readRepositoryFile(`${GRAFANA}/provisioning/datasources/prometheus.yml`);
    expect(source).toMatch(/url: http:\/\/assignment-prometheus:9090$/m);
    const uid = /uid: (\S+)$/m.exec(source)?.[1];
    for (const { datasource } of dashboard.panels) expect(datasource.uid).toBe(uid);
    const program = service('assignment-ingestion');
    const ports = [...program.matchAll(/HTTP_PORT: "(\d+)"$/gm)].map((match) => match[1]);
    const scraped = [
      ...readRepositoryFile(`${PROMETHEUS}/prometheus.yml`).matchAll(/assignment-ingestion:(\d+)/g),
    ].map((match) => match[1]);
    expect(new Set(ports).size).toBe(2);
    expect(scraped).toEqual(ports);
  });

  test('docker-compose reads it', (context) => {
    if (!hasCommand('docker-compose')) return context.skip('docker-compose is not installed');
    const { status, stdout, stderr } = spawnSync(
      'docker-compose',
      ['--profile', 'observe', 'config', '--services'],
      { cwd: REPOSITORY, encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining(['assignment-prometheus', 'assignment-grafana']),
    );
  });
});

describe('what dashboard, rules and docs ask for', () => {
  const exported = exportedMetrics();
  const queries = [
    ...dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ place: title, expr })),
    ),
    ...ruleExpressions().map((expr) => ({ place: 'alerts.yml', expr })),
    { place: 'docs/metrics.md', expr: promqlOfDocs() },
  ];

  test('is found, by as many queries as there should be', () => {
    expect(queries.length).toBeGreaterThan(25);
    expect(ruleExpressions()).toHaveLength(4);
    for (const { expr } of queries) expect(metricsIn(expr).length).toBeGreaterThan(0);
  });

  test('are metrics that the program exports', () => {
    const unknown = queries.flatMap(({ place, expr }) =>
      metricsIn(expr)
        .filter((name) => !exported.has(name))
        .map((name) => `${place}: ${name}`),
    );
    expect(unknown).toEqual([]);
    expect(
      metricsIn('rate(datasync_nothing_total[5m])').filter((name) => exported.has(name)),
    ).toEqual([]);
  });

  test('are labels that those metrics have', () => {
    const known = new Set(['job', 'instance', 'le', ...[...exported.values()].flat()]);
    for (const { place, expr } of queries) {
      for (const [, list = ''] of expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) {
        for (const label of list.split(/, */)) expect([...known], place).toContain(label);
      }
      for (const [, name = '', label = ''] of expr.matchAll(/(\w+)\{(\w+)=/g)) {
        expect(exported.get(name), `${place}: ${name}`).toContain(label);
      }
    }
  });

  test('panels lie beside one another, not upon', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x}/${y}`), title).toBe(false);
          taken.add(`${x}/${y}`);
        }
      }
    }
  });
});

describe('the alert rules', () => {
  test('say what happened, what it means and what to do, and their page lists them', () => {
    const blocks = rules.split(/^ {6}- alert: /m).slice(1);
    const names = blocks.map((block) => block.slice(0, block.indexOf('\n')));
    expect(new Set(names)).toEqual(
      new Set(['DatasyncStalled', 'DatasyncFailing', 'DatasyncPaused']),
    );
    for (const block of blocks) {
      for (const part of ['severity', 'summary', 'description', 'action']) {
        expect(block).toMatch(new RegExp(`^ {10}${part}: `, 'm'));
      }
    }
    const page = readRepositoryFile('docs/observe/README.md');
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });

  test('are valid, and Prometheus reads its configuration', (context) => {
    if (!hasCommand('promtool')) return context.skip('promtool is not installed');
    promtool(REPOSITORY, 'check', 'config', `${PROMETHEUS}/prometheus.yml`);
  });

  test('fire when they should and at no other time', (context) => {
    if (!hasCommand('promtool')) return context.skip('promtool is not installed');
    promtool(REPOSITORY, 'test', 'rules', RULE_TESTS);
  });

  test.for([
    ['a stalled run though the limit holds it back', '< 0.9', '< 2'],
    ['a run that is over', 'and on (job, instance) datasync_run_state{state="running"} == 1', ''],
    ['the start of the process left out', 'or on (job, instance) process_start_time_seconds', ''],
    ['a fault of few requests', '>= 5', '>= 0'],
  ])('and a rule that gets this wrong is found: %s', ([_name, from = '', to = ''], context) => {
    if (!hasCommand('promtool')) return context.skip('promtool is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'datasync-rules-'));
    try {
      for (const path of [PROMETHEUS, RULE_TESTS]) {
        cpSync(join(REPOSITORY, path), join(folder, path), { recursive: true });
      }
      expect(rules).toContain(from);
      writeFileSync(join(folder, PROMETHEUS, 'alerts.yml'), rules.replace(from, to));
      const { status, stderr } = spawnSync('promtool', ['test', 'rules', RULE_TESTS], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      expect(stderr).toContain('FAILED');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function promtool(cwd: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd, encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
}

/** What prom-client keeps of a metric and does not declare. */
interface MetricShape {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** Every metric that a process can export, with its labels. Asking for the names reads no value. */
function exportedMetrics(): Map<string, readonly string[]> {
  const registry = processRegistry();
  new RunMetrics(registry, () => 0);
  addEngineMetrics(registry, {} as EngineParts);
  addRunState(registry, () => null);
  addClusterMetrics(registry, async () => null);
  new ShareMetrics(registry);
  const metrics = new Map<string, readonly string[]>();
  for (const metric of registry.getMetricsAsArray()) {
    const { name, type, labelNames } = metric as unknown as MetricShape;
    metrics.set(name, labelNames);
    if (type !== 'histogram') continue;
    for (const part of ['bucket', 'sum', 'count']) metrics.set(`${name}_${part}`, labelNames);
  }
  return metrics;
}

function metricsIn(expr: string): string[] {
  return expr.match(/\b(?:datasync|nodejs|process)_[a-z0-9_]+/g) ?? [];
}

function ruleExpressions(): string[] {
  const blocks = rules.matchAll(/^ {8}expr: (?:\|\n((?: {10}.*\n)+)|(.+)\n)/gm);
  return [...blocks].map((match) => match[1] ?? match[2] ?? '');
}

function promqlOfDocs(): string {
  const page = readRepositoryFile('docs/metrics.md');
  return [...page.matchAll(/```promql\n([\s\S]*?)```/g)].map((match) => match[1]).join('\n');
}
