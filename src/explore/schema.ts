/** `exploration.json`: its form, version 2. Written by explore, read by ingest and by scripts. */
import { z } from 'zod';

export const EXPLORATION_VERSION = 2;

const instant = z.iso.datetime();
const requests = z.record(z.string(), z.int().nonnegative());
const policy = z.object({ quota: z.int().positive(), windowMs: z.number().positive() });

const findingForm = z.object({
  name: z.string(),
  /** Null exactly when the confidence is `unknown`. */
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  unit: z.string().optional(),
  low: z.number().optional(),
  high: z.number().optional(),
  confidence: z.enum(['measured', 'announced', 'implied', 'assumed', 'unknown']),
  evidence: z.string(),
});

const recommendation = z.object({
  setting: z.string(),
  value: z.union([z.string(), z.number()]),
  reason: z.string(),
});

const prediction = z.object({
  durationMs: z.number().nonnegative(),
  records: z.int().nonnegative(),
  pages: z.int().nonnegative(),
  requests: z.int().nonnegative(),
  boundBy: z.enum(['limit', 'latency', 'machine']),
  /** What it rests on that was not measured. */
  assuming: z.array(z.string()),
});

export const explorationForm = z.object({
  version: z.literal(EXPLORATION_VERSION),
  source: z.string(),
  stream: z.string(),
  /** What a run over this target is known by. Holds no key. */
  origin: z.string(),
  startedAt: instant,
  endedAt: instant,
  requests: z.object({ atMost: requests, used: requests }),
  findings: z.array(findingForm),
  recommendations: z.array(recommendation),
  /** Null: the number of records is not known. */
  prediction: prediction.nullable(),
  /** Starting values for an ingestion; null: nothing was found out. */
  startingValues: z.object({
    pageRecords: z.int().positive().nullable(),
    policy: policy.nullable(),
    bytesPerRecord: z.number().positive().nullable(),
    latencyMs: z.number().nonnegative().nullable(),
  }),
  /** Requests that the API still has logged: an ingestion that does not find them in its database takes them from here. */
  limitLog: z.object({
    bucket: z.string(),
    keyHash: z.string(),
    policy: policy.nullable(),
    startsMs: z.array(z.number()),
  }),
});

export type Exploration = z.infer<typeof explorationForm>;
export type Recommendation = z.infer<typeof recommendation>;
export type Prediction = z.infer<typeof prediction>;
