/** An exploration of the live API, as it could have been, and what the advice of it rests on. */
import { type Finding, finding, unknown } from '../../src/explore/finding.js';
import { advise, type Circumstances } from '../../src/explore/recommend.js';
import { type Exploration, explorationForm } from '../../src/explore/schema.js';
import { subjectOf } from '../../src/explore/subject.js';
import { hashKey } from '../../src/session/open-source.js';
import { datasync } from './datasync.js';

export const LIVE_POLICY = { quota: 10, windowMs: 60_000 };
export const CIRCUMSTANCES: Circumstances = {
  policy: LIVE_POLICY,
  pace: null,
  assumedPolicy: LIVE_POLICY,
  latenciesMs: [3_500, 4_200],
  sampledRecords: 5_000,
  subject: subjectOf(datasync),
  sizeSetting: 'BATCH_SIZE',
  declaresLimits: false,
  pageLimitMax: 5_000,
  pageLimit: null,
  concurrency: 10,
  creditBytes: 16_000_000,
  reserve: 0,
  cursorThresholdMs: 60_000,
  cursorLifeMs: 120_000,
  recordsPerSecond: null,
};
export const FINDINGS: readonly Finding[] = [
  finding('page.largest-size', 5_000, 'measured', '10000 asked for, 5000 granted'),
  finding('total', 3_000_000, 'announced', 'every answer names it'),
  finding('cursor.can-seek', true, 'measured', 'compared'),
  finding('record.bytes', 355, 'measured', 'in a page'),
  finding('cursor.life', 120_000, 'announced', 'told'),
];

export const EXPLORED_AT = '2026-08-01T10:00:00.000Z';
export const NOW_MS = Date.parse(EXPLORED_AT) + 3_600_000;
export const KEY = 'k3y';
export const ORIGIN = 'http://api.example/api/v1';

export function exploration(change: Partial<Exploration> = {}): Exploration {
  return explorationForm.parse({
    version: 2,
    source: 'datasync',
    stream: 'events',
    origin: ORIGIN,
    startedAt: EXPLORED_AT,
    endedAt: EXPLORED_AT,
    requests: { atMost: { events: 12 }, used: { events: 10 } },
    findings: [...FINDINGS, unknown('latency.p95', 'needs 20 samples')],
    ...advise(FINDINGS, CIRCUMSTANCES),
    startingValues: { pageRecords: 1_000, policy: LIVE_POLICY, bytesPerRecord: 355, latencyMs: 9 },
    limitLog: { bucket: 'events', keyHash: hashKey(KEY), policy: LIVE_POLICY, startsMs: [1, 2] },
    ...change,
  });
}
