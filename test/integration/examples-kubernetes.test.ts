/** examples/kubernetes: held against the API of Kubernetes, against the program, and against each other. */
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { CronJob } from 'kubernetes-types/batch/v1.js';
import type { PodTemplateSpec, Probe } from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_NAMES } from '../../src/config/config.js';
import { useIngestFolder } from '../support/ingest-process.js';
import { type KubernetesObject, kubernetesFaults } from '../support/kubernetes.js';
import { usePostgres } from '../support/postgres.js';
import { useRedisServer } from '../support/redis-server.js';
import { check, hasCommand, REPOSITORY, readRepositoryFile } from '../support/repository.js';

/** A run drains within ten seconds, and the last alerts have ten more. */
const STOP_SECONDS = 20;

const FOLDER = 'examples/kubernetes';
const read = (name: string): string => readRepositoryFile(`${FOLDER}/${name}`);

interface Kustomization {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string; readonly newTag: string }[];
  readonly configMapGenerator: readonly { readonly name: string; readonly files: string[] }[];
}

const kustomization = parse(read('kustomization.yaml')) as Kustomization;
const worker = parse(read('worker.yaml')) as Deployment;
const ingest = parse(read('ingest.yaml')) as CronJob;
const budget = parse(read('worker-disruption.yaml')) as PodDisruptionBudget;
const example = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);

/** @throws where it is not there */
function given<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`no ${what}`);
  return value;
}

const templates: Readonly<Record<string, PodTemplateSpec>> = {
  worker: given(worker.spec?.template, 'template of workers'),
  ingest: given(ingest.spec?.jobTemplate.spec?.template, 'template of the job'),
};

describe('the API of Kubernetes', () => {
  const objects = kustomization.resources.map((name) => parse(read(name)) as KubernetesObject);

  test('takes every field', () => {
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      'CronJob',
      'Deployment',
      'Namespace',
      'PodDisruptionBudget',
    ]);
    expect(kubernetesFaults(objects)).toBe('');
  });

  test.each([
    [
      'worker.yaml',
      'readOnlyRootFilesystem',
      'readonlyRootFilesystem',
      /"readonlyRootFilesystem\W+does not exist/,
    ],
    ['ingest.yaml', 'concurrencyPolicy', 'concurencyPolicy', /"concurencyPolicy\W+does not exist/],
    [
      'worker-disruption.yaml',
      'maxUnavailable',
      'maxUnavailible',
      /"maxUnavailible\W+does not exist/,
    ],
    ['worker.yaml', 'replicas: 3', 'replicas: "3"', /'string' is not assignable to type 'number'/],
    ['worker.yaml', 'port: http', 'scheme: HTTP', /'port' is missing/],
    ['ingest.yaml', 'kind: CronJob', 'kind: CronJobs', /no exported member .*'CronJobs'/],
  ])('would not take %s with another %s: %s', (name, from, to, fault) => {
    const text = read(name);
    expect(text).toContain(from);
    const object = parse(text.replace(from, to)) as KubernetesObject;
    expect(kubernetesFaults([object])).toMatch(fault);
  });

  test('kubectl builds it, with the digest of the source file in each reference', (context) => {
    if (!hasCommand('kubectl')) return context.skip('kubectl is not installed');
    const { status, output } = check('kubectl', 'kustomize', FOLDER);
    expect(status, output).toBe(0);
    const names = new Set(output.match(/datasync-sources-\w+/g));
    expect(names.size).toBe(1);
    expect(output.match(/datasync-sources-\w+/g)).toHaveLength(3);
  });
});

describe('the files', () => {
  test('are all in the kustomization, and all that it names is there', () => {
    const [sources] = kustomization.configMapGenerator;
    const known = [...kustomization.resources, ...(sources?.files ?? []), 'kustomization.yaml'];
    const there = readdirSync(join(REPOSITORY, FOLDER)).filter((name) => name.endsWith('.yaml'));
    expect(there.sort()).toEqual(known.toSorted());
  });

  test('name the image of this version', () => {
    const { version } = JSON.parse(readRepositoryFile('package.json')) as { version: string };
    const [image] = kustomization.images;
    expect(image?.newTag).toBe(version);
    for (const { spec } of Object.values(templates)) {
      expect(spec?.containers.map((container) => container.image)).toEqual([image?.name]);
    }
  });

  test('hold no secret, but name each by a key that .env.example has', () => {
    const named = Object.values(templates).map((template) =>
      secretsOf(template).map(({ secret, key }) => {
        expect(secret).toBe('datasync');
        return key;
      }),
    );
    for (const keys of named) expect(keys.toSorted()).toEqual(example.toSorted());
    expect(read('kustomization.yaml')).not.toMatch(/secretGenerator/);
    const set = [...read('.env.example').matchAll(/^[A-Z_]+=(.*)$/gm)].map(([, value]) => value);
    for (const value of set) expect(value).toMatch(/^$|:PASSWORD@HOST:/);
  });

  test('name only settings of the program and variables of its source', () => {
    for (const template of Object.values(templates)) {
      for (const { name } of containerOf(template).env ?? []) {
        const isKnown = SETTING_NAMES.includes(name) || read('shop.yaml').includes(`\${${name}}`);
        expect(isKnown, name).toBe(true);
      }
    }
  });

  test('select the pods that they are meant for, and spread them', () => {
    const labels = templates.worker?.metadata?.labels;
    expect(worker.spec?.selector.matchLabels).toEqual(labels);
    expect(budget.spec?.selector?.matchLabels).toEqual(labels);
    const spread = given(templates.worker?.spec?.topologySpreadConstraints, 'spread');
    expect(spread.length).toBeGreaterThan(0);
    for (const { labelSelector } of spread) expect(labelSelector?.matchLabels).toEqual(labels);
    expect(templates.ingest?.metadata?.labels).not.toEqual(labels);
  });
});

describe.each(Object.entries(templates))('a pod of %s', (name, template) => {
  const pod = given(template.spec, 'pod');
  const container = containerOf(template);

  test('drains before it is killed', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(STOP_SECONDS);
    expect(container.lifecycle).toBeUndefined();
  });

  test('has few rights, and writes only where it must', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const empty = (pod.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined);
    const places = (container.volumeMounts ?? [])
      .filter((mount) => empty.some((volume) => volume.name === mount.name))
      .map(({ mountPath }) => mountPath);
    // What the image writes to, and its temporary files.
    const written = [...readRepositoryFile('Dockerfile').matchAll(/_(?:FOLDER|FILE)=(\/\w+)/g)];
    expect(written.length).toBeGreaterThan(1);
    expect(new Set([...written.map(([, folder]) => folder), '/tmp'])).toEqual(new Set(places));
    for (const { mountPath, readOnly } of container.volumeMounts ?? []) {
      expect(readOnly === true || places.includes(mountPath), mountPath).toBe(true);
    }
  });

  test('says what it needs', () => {
    expect(container.resources?.requests).toHaveProperty('memory');
    expect(container.resources?.requests).toHaveProperty('cpu');
    expect(container.resources?.limits).toHaveProperty('memory');
  });

  test(`begins ${name}`, () => {
    expect(container.args?.slice(0, 2)).toEqual(['dist/src/main.js', name]);
    expect(container.command).toBeUndefined();
  });
});

describe('the program', () => {
  const database = usePostgres();
  const redis = useRedisServer();
  const folder = useIngestFolder();

  test('starts with what a worker is given, answers the probes, and ends with SIGTERM', async () => {
    const template = given(templates.worker, 'template');
    const container = containerOf(template);
    const secrets: Readonly<Record<string, string>> = {
      DATABASE_URL: database.connectionString,
      REDIS_URL: redis.url,
    };
    const env = (container.env ?? []).map(({ name, value }) => [
      name,
      value ?? secrets[name] ?? 'x',
    ]);
    mkdirSync(join(folder.path, 'sources'));
    cpSync(join(REPOSITORY, FOLDER, 'shop.yaml'), join(folder.path, 'sources/shop.yaml'));
    const [, ...args] = container.args ?? [];
    const started = folder.start(args, { ...Object.fromEntries(env), HTTP_PORT: '0' });
    const { url } = await started.untilLog('http_listening');
    const address = new URL(String(url));
    for (const probe of [container.readinessProbe, container.livenessProbe]) {
      expect(probe?.httpGet?.port).toBe(container.ports?.[0]?.name);
      address.pathname = pathOf(probe);
      await expect.poll(async () => (await fetch(address)).status, { timeout: 60_000 }).toBe(200);
    }
    started.signal('SIGTERM');
    expect((await started.end()).code).toBe(0);
  });

  test('can use the source file', () => {
    const file = `${FOLDER}/shop.yaml`;
    const args = ['dist/src/main.js', 'source', 'check', file, '--offline'];
    const { status, output } = check(process.execPath, ...args);
    expect(status, output).toBe(0);
    expect(output).toContain('SHOP_TOKEN');
  });
});

function containerOf({ spec }: PodTemplateSpec) {
  return given(spec?.containers[0], 'container');
}

function secretsOf(template: PodTemplateSpec) {
  return (containerOf(template).env ?? []).flatMap(({ valueFrom }) => {
    const reference = valueFrom?.secretKeyRef;
    return reference === undefined ? [] : [{ secret: reference.name, key: reference.key }];
  });
}

function pathOf(probe: Probe | undefined): string {
  return given(probe?.httpGet?.path, 'path');
}
