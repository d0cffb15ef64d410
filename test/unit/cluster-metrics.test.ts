/** Metrics of the members of shared runs, and of what one process does among them. */
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import type { ClusterView } from '../../src/core/cluster-view.js';
import { addClusterMetrics } from '../../src/observe/cluster-metrics.js';
import { ShareMetrics } from '../../src/observe/share-metrics.js';
import { total } from '../support/http-client.js';
import { parsePrometheus } from '../support/prometheus-text.js';
import { clusterOf, DEAD, runOf, seenMember } from '../support/seen-members.js';

describe('of the cluster', () => {
  const shown = { view: null as ClusterView | null };
  const registry = new Registry();
  // Of the process that is asked, whose run may be another one.
  registry.setDefaultLabels({ source: 'own', stream: 'own' });
  addClusterMetrics(registry, async () => shown.view);
  const scrape = async (view: ClusterView | null) => {
    shown.view = view;
    return parsePrometheus(await registry.metrics());
  };

  test('each run counts its own, each member has its own, whoever is asked', async () => {
    const second = seenMember({ epoch: 2, name: 'web-2 process 34', segments: 40 });
    const metrics = await scrape(
      clusterOf(
        runOf([seenMember(), second]),
        runOf([seenMember({ ...DEAD })], { run: 9, source: 'shopify', stream: 'orders' }),
        runOf([], { run: 11, stream: 'commits' }),
      ),
    );
    const members = (labels: Record<string, string>) => total(metrics, 'datasync_members', labels);
    expect(members({ source: 'github', stream: 'issues', state: 'living' })).toBe(2);
    expect(members({ source: 'github', stream: 'issues', state: 'dead' })).toBe(0);
    expect(members({ source: 'shopify', state: 'dead' })).toBe(1);
    expect(members({ stream: 'commits', state: 'living' })).toBe(0);
    const web2 = { source: 'github', stream: 'issues', member: 'web-2 process 34' };
    expect(total(metrics, 'datasync_member_segments', web2)).toBe(40);
    expect(total(metrics, 'datasync_member_rows_per_second', web2)).toBe(500);
    expect(total(metrics, 'datasync_member_segments', { source: 'shopify' })).toBe(2);
    expect(total(metrics, 'datasync_member_rows_per_second', { source: 'shopify' })).toBe(0);
    expect(() => total(metrics, 'datasync_members', { source: 'own' })).toThrow(/there is no/);
  });

  test('a process that has come back is one series', async () => {
    const back = seenMember({ epoch: 3, segments: 5 });
    const metrics = await scrape(clusterOf(runOf([seenMember({ ...DEAD }), back])));
    const { samples } = metrics.get('datasync_member_segments') ?? { samples: [] };
    expect(samples.map(({ value }) => value)).toEqual([7]);
    expect(total(metrics, 'datasync_member_rows_per_second')).toBe(500);
  });

  test('who is gone has no series any more, nor has anybody while the ledger is silent', async () => {
    await scrape(clusterOf(runOf([seenMember()])));
    for (const view of [clusterOf(), null]) {
      const metrics = await scrape(view);
      const families = ['members', 'member_segments', 'member_rows_per_second'];
      for (const name of families) expect(metrics.get(`datasync_${name}`)?.samples).toEqual([]);
    }
  });
});

test('of a process: what it has taken, given and lost, and queues that it cannot reach', async () => {
  const registry = new Registry();
  const shares = new ShareMetrics(registry);
  const scrape = async () => parsePrometheus(await registry.metrics());
  const before = await scrape();
  for (const name of before.keys()) expect(total(before, name), name).toBe(0);
  shares.taken(5, 2);
  shares.taken(1, 0);
  shares.given(3);
  shares.leaseLost();
  shares.queueReached(false);
  shares.queueReached(false);
  const metrics = await scrape();
  expect(total(metrics, 'datasync_segments_taken_total', { from: 'nobody' })).toBe(4);
  expect(total(metrics, 'datasync_segments_taken_total', { from: 'dead' })).toBe(2);
  expect(total(metrics, 'datasync_segments_given_total')).toBe(3);
  expect(total(metrics, 'datasync_leases_lost_total')).toBe(1);
  expect(total(metrics, 'datasync_queue_trouble')).toBe(2);
  shares.queueReached(true);
  expect(total(await scrape(), 'datasync_queue_trouble')).toBe(1);
});
